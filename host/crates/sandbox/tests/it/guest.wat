;; A guest of which each test writes the bodies of `handle` and of `check`. It imports every interface, as JavaScript and Python do, and of
;; each a part; it exports all three. What stands in double braces is replaced by core instructions.
(component
  (import "relevo:flow/types@0.1.0-draft" (instance $types
    (type $json-of string)
    (export "json" (type $json (eq $json-of)))
    (type $named-of (record (field "name" string) (field "payload" $json)))
    (export "named" (type $named (eq $named-of)))
    (type $money-of (record (field "minor-units" s64) (field "currency" string)))
    (export "money" (type (eq $money-of)))
    (type $failure-of (variant (case "invalid" string) (case "not-found") (case "denied" string) (case "over-quota" string)
      (case "timed-out") (case "unavailable" (option u64)) (case "conflict") (case "other" $named)))
    (export "failure" (type (eq $failure-of)))))
  (alias export $types "json" (type $json))
  (alias export $types "named" (type $named))
  (alias export $types "money" (type $money))
  (alias export $types "failure" (type $failure))

  (import "relevo:flow/turn@0.1.0-draft" (instance $turn
    (type $ids-of (record (field "turn" string) (field "business" string) (field "service-point" string) (field "channel" string)
      (field "conversation" string) (field "customer" string)))
    (export "ids" (type (eq $ids-of)))
    (export "now-ms" (func (result u64)))))
  (alias export $turn "ids" (type $ids))

  (import "relevo:flow/kv@0.1.0-draft" (instance $kv
    (type $scope-of (variant (case "conversation") (case "customer") (case "business") (case "other" $named)))
    (export "scope" (type $scope (eq $scope-of)))
    (type $entry-of (record (field "key" string) (field "value" $json) (field "version" u64)))
    (export "entry" (type $entry (eq $entry-of)))
    (export "get" (func (param "scope" $scope) (param "key" string) (result (result (option $entry) (error $failure)))))
    (export "put" (func (param "scope" $scope) (param "key" string) (param "value" $json) (param "if-version" (option u64))
      (param "ttl-s" (option u32)) (result (result (error $failure)))))))

  (import "relevo:flow/records@0.1.0-draft" (instance $records
    (type $document-of (record (field "id" string) (field "version" u64) (field "value" $json)))
    (export "document" (type $document (eq $document-of)))
    (export "get" (func (param "collection" string) (param "id" string) (result (result (option $document) (error $failure)))))))

  (import "relevo:flow/http@0.1.0-draft" (instance $http
    (type $request-of (record (field "method" string) (field "url" string) (field "headers" (list (tuple string string)))
      (field "body" (option (list u8))) (field "timeout-ms" u32)))
    (export "request" (type $request (eq $request-of)))
    (type $response-of (record (field "status" u16) (field "headers" (list (tuple string string))) (field "body" (list u8))))
    (export "response" (type $response (eq $response-of)))
    (export "send" (func (param "request" $request) (result (result $response (error $failure)))))))

  (import "relevo:flow/tickets@0.1.0-draft" (instance))

  (import "relevo:flow/system@0.1.0-draft" (instance $system
    (type $level-of (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $level-of)))
    (export "log" (func (param "level" $level) (param "message" string) (param "fields" $json)))))

  (import "relevo:flow/events@0.1.0-draft" (instance $events
    (type $media-of (record (field "id" string) (field "mime" string) (field "size" u64) (field "name" (option string)) (field "caption" (option string))))
    (export "media" (type $media (eq $media-of)))
    (type $choice-of (record (field "id" string) (field "title" string)))
    (export "choice" (type $choice (eq $choice-of)))
    (type $location-of (record (field "latitude" f64) (field "longitude" f64) (field "name" (option string)) (field "address" (option string))))
    (export "location" (type $location (eq $location-of)))
    (type $order-item-of (record (field "sku" string) (field "quantity" u32) (field "price" $money)))
    (export "order-item" (type $order-item (eq $order-item-of)))
    (type $content-of (variant (case "text" string) (case "media" $media) (case "choice" $choice) (case "location" $location)
      (case "order" (list $order-item)) (case "contacts" $json) (case "reaction" string) (case "other" $named)))
    (export "content" (type $content (eq $content-of)))
    (type $inbound-of (record (field "message" string) (field "at-ms" u64) (field "content" $content) (field "quotes" (option string))
      (field "referral" (option $json))))
    (export "inbound" (type $inbound (eq $inbound-of)))
    (type $timer-of (record (field "name" string) (field "payload" $json)))
    (export "timer" (type $timer (eq $timer-of)))
    (type $hand-over-of (record (field "agent" (option string)) (field "reason" string)))
    (export "hand-over" (type $hand-over (eq $hand-over-of)))
    (type $event-of (variant (case "messages" (list $inbound)) (case "timer" $timer) (case "agent-took-over" $hand-over)
      (case "returned-to-bot" $hand-over) (case "other" $named)))
    (export "event" (type (eq $event-of)))))
  (alias export $events "event" (type $event))

  (import "relevo:flow/actions@0.1.0-draft" (instance $actions
    (type $button-of (record (field "id" string) (field "title" string)))
    (export "button" (type $button (eq $button-of)))
    (type $buttons-of (record (field "body" string) (field "footer" (option string)) (field "buttons" (list $button))))
    (export "buttons" (type $buttons (eq $buttons-of)))
    (type $row-of (record (field "id" string) (field "title" string) (field "description" (option string))))
    (export "row" (type $row (eq $row-of)))
    (type $section-of (record (field "title" string) (field "rows" (list $row))))
    (export "section" (type $section (eq $section-of)))
    (type $listing-of (record (field "body" string) (field "button" string) (field "sections" (list $section))))
    (export "listing" (type $listing (eq $listing-of)))
    (type $file-of (record (field "mime" string) (field "name" (option string)) (field "bytes" (list u8))))
    (export "file" (type $file (eq $file-of)))
    (type $media-source-of (variant (case "id" string) (case "url" string) (case "file" $file) (case "other" $named)))
    (export "media-source" (type $media-source (eq $media-source-of)))
    (type $attachment-of (record (field "source" $media-source) (field "caption" (option string))))
    (export "attachment" (type $attachment (eq $attachment-of)))
    (type $template-of (record (field "name" string) (field "locale" string) (field "parameters" $json)))
    (export "template" (type $template (eq $template-of)))
    (type $location-of (record (field "latitude" f64) (field "longitude" f64) (field "name" (option string)) (field "address" (option string))))
    (export "location" (type $location (eq $location-of)))
    (type $speech-of (variant (case "text" string) (case "buttons" $buttons) (case "listing" $listing) (case "attachment" $attachment)
      (case "template" $template) (case "location" $location) (case "other" $named)))
    (export "speech" (type $speech (eq $speech-of)))
    (type $evidence-of (record (field "kind" string) (field "id" string) (field "title" string)))
    (export "evidence" (type $evidence (eq $evidence-of)))
    (type $said-of (record (field "content" $speech) (field "quotes" (option string)) (field "evidence" (list $evidence))
      (field "confidence" (option f32)) (field "category" (option string))))
    (export "said" (type $said (eq $said-of)))
    (type $hand-over-of (record (field "reason" string) (field "team" (option string)) (field "summary" (option string))))
    (export "hand-over" (type $hand-over (eq $hand-over-of)))
    (type $timer-of (record (field "name" string) (field "at-ms" u64) (field "payload" $json) (field "replace" bool)))
    (export "timer" (type $timer (eq $timer-of)))
    (type $action-of (variant (case "say" $said) (case "typing" u32) (case "hand-over" $hand-over) (case "assign" string)
      (case "label" (list string)) (case "note" string) (case "schedule" $timer) (case "cancel-timer" string)
      (case "end" (option string)) (case "other" $named)))
    (export "action" (type (eq $action-of)))))
  (alias export $actions "action" (type $action))

  ;; Memory and its allocator stand apart, so that imports can be lowered before `$main` exists.
  (core module $memory
    (memory (export "memory") 2)
    (global $at (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
      (local $from i32)
      (local.set $from (i32.and
        (i32.add (global.get $at) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $at (i32.add (local.get $from) (local.get $size)))
      (block $fits
        (br_if $fits (i32.le_u (global.get $at) (i32.shl (memory.size) (i32.const 16))))
        (br_if $fits (i32.ne (i32.const -1) (memory.grow
          (i32.add (i32.const 1) (i32.shr_u (local.get $size) (i32.const 16))))))
        unreachable)
      (local.get $from)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))

  (core func $now-ms (canon lower (func $turn "now-ms")))
  (core func $kv-get (canon lower (func $kv "get") (memory $mem) (realloc $realloc)))
  (core func $kv-put (canon lower (func $kv "put") (memory $mem) (realloc $realloc)))
  (core func $records-get (canon lower (func $records "get") (memory $mem) (realloc $realloc)))
  (core func $http-send (canon lower (func $http "send") (memory $mem) (realloc $realloc)))
  (core func $log (canon lower (func $system "log") (memory $mem)))

  (core module $main
    (import "host" "memory" (memory 2))
    (import "host" "now-ms" (func $now-ms (result i64)))
    (import "host" "kv-get" (func $kv-get (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "kv-put" (func $kv-put (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32)))
    (import "host" "records-get" (func $records-get (param i32 i32 i32 i32 i32)))
    (import "host" "http-send" (func $http-send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "log" (func $log (param i32 i32 i32 i32 i32)))

    ;; 1024: a key; 1040: a JSON object; 1056: a method; 1072: an address; 1088: a collection. 2048: what is returned. 3072: answers.
    (data (i32.const 1024) "key")
    (data (i32.const 1040) "{}")
    (data (i32.const 1056) "GET")
    (data (i32.const 1072) "https://x.test")
    (data (i32.const 1088) "products")

    (func $handled (result i32)
      (i32.store8 (i32.const 2056) (i32.const 1))
      (i32.const 2048))
    ;; A failure by the number of its case; the text of those that have one is empty.
    (func $failed (param $case i32) (result i32)
      (i32.store8 (i32.const 2048) (i32.const 1))
      (i32.store8 (i32.const 2056) (local.get $case))
      (i32.const 2048))
    ;; The number of the failure that was answered last, or -1.
    (func $answer (result i32)
      (if (result i32) (i32.load8_u (i32.const 3072))
        (then (i32.load8_u (i32.const 3080)))
        (else (i32.const -1))))
    (func $get
      (call $kv-get (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 3) (i32.const 3072)))
    (func $put
      (call $kv-put (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 3)
        (i32.const 1040) (i32.const 2) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 3072)))
    (func $read
      (call $records-get (i32.const 1088) (i32.const 8) (i32.const 1024) (i32.const 3) (i32.const 3072)))
    (func $send
      (call $http-send (i32.const 1056) (i32.const 3) (i32.const 1072) (i32.const 14) (i32.const 8) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 99999) (i32.const 3072)))
    (func $say-line (param $from i32) (param $length i32)
      (call $log (i32.const 1) (local.get $from) (local.get $length) (i32.const 1040) (i32.const 2)))

    {{more}}

    (func (export "handle") (param $arguments i32) (result i32)
      (local $n i32)
      {{handle}})
    (func (export "check") (param $config i32) (param $length i32) (result i32)
      {{check}})
    (func (export "call") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (param $arguments i32) (param $length i32) (result i32)
      ;; Answers with its arguments.
      (i32.store (i32.const 2056) (local.get $arguments))
      (i32.store (i32.const 2060) (local.get $length))
      (i32.const 2048)))
  (core instance $main (instantiate $main (with "host" (instance
    (export "memory" (memory $mem))
    (export "now-ms" (func $now-ms))
    (export "kv-get" (func $kv-get))
    (export "kv-put" (func $kv-put))
    (export "records-get" (func $records-get))
    (export "http-send" (func $http-send))
    (export "log" (func $log))))))

  ;; Types of an exported function need names of their own; exported here, they have them.
  (type $state-change-of (variant (case "keep") (case "clear") (case "set" $json)))
  (export $state-change "state-change" (type $state-change-of))
  (type $outcome-of (record (field "handled" bool) (field "actions" (list $action)) (field "state" $state-change)))
  (export $outcome "outcome" (type $outcome-of))
  (type $tool-result-of (record (field "output" $json) (field "actions" (list $action))))
  (export $tool-result "tool-result" (type $tool-result-of))

  (type $problem-of (record (field "field" string) (field "message" string)))
  (export $problem "problem" (type $problem-of))

  (func $check (param "config" $json) (result (result (list $problem) (error $failure)))
    (canon lift (core func $main "check") (memory $mem) (realloc $realloc)))
  (func $handle (param "ids" $ids) (param "event" $event) (result (result $outcome (error $failure)))
    (canon lift (core func $main "handle") (memory $mem) (realloc $realloc)))
  (func $call (param "ids" $ids) (param "name" string) (param "arguments" $json) (result (result $tool-result (error $failure)))
    (canon lift (core func $main "call") (memory $mem) (realloc $realloc)))
  (instance $configuration (export "check" (func $check)))
  (instance $flow (export "handle" (func $handle)))
  (instance $tools (export "call" (func $call)))
  (export "relevo:flow/configuration@0.1.0-draft" (instance $configuration))
  (export "relevo:flow/flow@0.1.0-draft" (instance $flow))
  (export "relevo:flow/tools@0.1.0-draft" (instance $tools)))
