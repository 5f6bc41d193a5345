use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{super::outbound, *};

/// Client builders want a provider; another test may have installed it.
pub fn install_provider() {
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
}

/// A server that answers one request with `answer` and hands back what it was asked.
async fn answering(answer: &str) -> (Graph, tokio::task::JoinHandle<String>) {
    install_provider();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let graph = Graph::new(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let answer = answer.to_owned();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut asked, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            let count = stream.read(&mut chunk).await.unwrap();
            asked.extend_from_slice(&chunk[..count]);
            let text = String::from_utf8_lossy(&asked);
            if count == 0 || text.starts_with("GET") && text.ends_with("\r\n\r\n") || text.ends_with('}') {
                break;
            }
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(asked).unwrap()
    });
    (graph, asked)
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

async fn sent(answer: &str) -> Sent {
    let (graph, asked) = answering(answer).await;
    let sent = graph.send("1", "token", b"{}".to_vec()).await;
    asked.await.unwrap();
    sent
}

#[tokio::test]
async fn a_message_is_posted_with_the_token_and_its_id_comes_back() {
    let (graph, asked) = answering(&http("200 OK", r#"{"messages":[{"id":"wamid.1"}]}"#)).await;
    let body = outbound::body("5491155550001", &relevo_model::Content::text("hola"), None, "ours").unwrap();

    let sent = graph.send("100000000000001", "s3cret", body).await;

    assert_eq!(sent, Sent::Accepted { provider_id: "wamid.1".into() });
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("POST /v23.0/100000000000001/messages HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("authorization: Bearer s3cret\r\n") && asked.contains("content-type: application/json\r\n"), "{asked}");
    assert!(asked.ends_with(r#""text":{"body":"hola","preview_url":false}}"#), "{asked}");
}

#[tokio::test]
async fn only_what_was_surely_not_taken_is_sent_again() {
    assert!(matches!(sent("").await, Sent::Uncertain(_)));
    assert!(matches!(sent("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"messages\"").await, Sent::Uncertain(_)));
    assert!(matches!(sent(&http("200 OK", &"x".repeat(ANSWER + 1))).await, Sent::Uncertain(_)));
    assert!(matches!(sent("HTTP/1.1 400 Bad\r\ncontent-length: 50\r\n\r\n{").await, Sent::Refused(_)));
    let busy = "HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
    assert!(matches!(sent(busy).await, Sent::Later { after, .. } if after == Duration::from_secs(7)));

    install_provider();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let unsent = Graph::new(&format!("http://{closed}")).unwrap().send("1", "t", Vec::new()).await;
    assert!(matches!(&unsent, Sent::Later { problem, .. } if !format!("{problem:?}").contains("/1/")), "{unsent:?}");
}

#[tokio::test]
async fn ids_that_lead_elsewhere_and_broken_tokens_never_leave_the_house() {
    install_provider();
    let graph = Graph::new("http://127.0.0.1:1").unwrap();

    for id in ["", "../me", "1/2", "1?x", "1%2e"] {
        assert!(matches!(graph.send(id, "t", Vec::new()).await, Sent::Refused(_)), "{id}");
        assert!(matches!(graph.media(id, "t").await, Err(Fault::Refused(_))), "{id}");
    }
    assert!(matches!(graph.send("1", "a\nb", Vec::new()).await, Sent::TokenExpired(_)));
}

#[tokio::test]
async fn a_number_is_confirmed_only_by_an_answer_about_itself() {
    let card = r#"{"id":"12","display_phone_number":"+54 9 11 5555-0001","verified_name":"Acme"}"#;

    let (graph, asked) = answering(&http("200 OK", card)).await;
    assert_eq!(graph.confirm_number("12", "t").await.unwrap().verified_name, "Acme");
    assert!(asked.await.unwrap().starts_with("GET /v23.0/12?fields=id,display_phone_number,verified_name HTTP/1.1"));

    let (graph, _asked) = answering(&http("200 OK", card)).await;
    assert!(matches!(graph.confirm_number("13", "t").await, Err(Fault::Unreadable(_))));
    let (graph, _asked) = answering(&http("401 Unauthorized", r#"{"error":{"code":190,"message":"expired"}}"#)).await;
    assert!(matches!(graph.confirm_number("12", "t").await, Err(Fault::Token(_))));
    let (graph, _asked) = answering(&http("400 Bad", r#"{"error":{"code":100,"message":"no"}}"#)).await;
    assert!(matches!(graph.confirm_number("12", "t").await, Err(Fault::Refused(_))));
}

#[tokio::test]
async fn a_file_must_be_what_was_announced() {
    let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let fetched = async |size: Option<u64>, hash: Option<&str>, cap: u64| {
        let (graph, _asked) = answering(&http("200 OK", "hello")).await;
        let card = MediaCard { url: format!("{}/file", graph.base), mime: String::new(), sha256: hash.map(str::to_owned), size };
        graph.download(&card, "t", cap).await
    };

    assert_eq!(fetched(Some(5), Some(hello), 5).await.unwrap(), b"hello");
    assert!(matches!(fetched(None, None, 4).await, Err(Fault::TooLarge(4))));
    assert!(matches!(fetched(Some(6), None, 9).await, Err(Fault::OtherFile)));
    assert!(matches!(fetched(None, Some(&hello.replace('2', "3")), 9).await, Err(Fault::OtherFile)));
}

#[tokio::test]
async fn where_a_file_is_and_that_it_was_read_can_be_told() {
    let card = r#"{"url":"https://lookaside.fbsbx.com/x","mime_type":"image/jpeg","sha256":"ab","file_size":"5","id":"7"}"#;
    let (graph, _asked) = answering(&http("200 OK", card)).await;
    let expected = MediaCard { url: "https://lookaside.fbsbx.com/x".into(), mime: "image/jpeg".into(), sha256: Some("ab".into()), size: Some(5) };
    assert_eq!(graph.media("7", "t").await.unwrap(), expected);

    let (graph, asked) = answering(&http("200 OK", r#"{"success":true}"#)).await;
    graph.mark_read("1", "t", "wamid.1", true).await.unwrap();
    assert!(asked.await.unwrap().contains(r#""typing_indicator":{"type":"text"}"#));
}
