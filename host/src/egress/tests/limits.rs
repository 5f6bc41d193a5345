//! Bytes, time, and counterparts that do not keep to the protocol.

use super::*;

async fn fetch(answer_text: impl Into<Vec<u8>>, max_response: usize) -> Result<Response, Refusal> {
    let (address, _) = answer(answer_text).await;
    open(address).send(Request { max_response, ..get(format!("http://{address}")) }, anything).await
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_the_limit_and_no_larger() {
    for text in [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12345",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n12\r\n3\r\n345\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n12345",
        "HTTP/1.0 200 OK\r\n\r\n12345",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n12345",
    ] {
        assert_eq!(fetch(text, 5).await.unwrap().body, b"12345", "{text:?}");
        assert_eq!(fetch(text, 4).await.unwrap_err(), Refusal::TooLarge(4), "{text:?}");
        assert_eq!(fetch(text, 0).await.unwrap_err(), Refusal::TooLarge(0), "{text:?}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_at_the_limit() {
    let address = serve(async |mut stream| {
        read_request(&mut stream).await;
        let mut part: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";
        while stream.write_all(part).await.is_ok() {
            part = &[b'x'; 16 * 1024];
        }
    })
    .await;

    let refusal = open(address).send(get(format!("http://{address}")), anything).await.unwrap_err();

    assert_eq!(refusal, Refusal::TooLarge(1024 * 1024));
}

#[tokio::test]
async fn the_length_that_a_head_speaks_of_is_not_counted() {
    let (address, seen) = answer("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").await;

    let response = open(address).send(Request { method: "HEAD".into(), max_response: 0, ..get(format!("http://{address}")) }, anything).await.unwrap();

    assert_eq!((response.status, response.body.len()), (200, 0));
    assert!(seen.await.unwrap().starts_with("HEAD / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_packed_answer_is_not_unpacked() {
    let packed = b"\x1f\x8b\x08 a bomb";
    let text = [b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\n".as_slice(), packed].concat();

    assert_eq!(fetch(text, 10).await.unwrap().body, packed);
}

#[tokio::test]
async fn headers_of_an_answer_are_few_and_small() {
    let many = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(count));
    let large = |bytes: usize| format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(bytes));

    assert_eq!(fetch(many(100), 0).await.unwrap().headers.len(), 100);
    assert_eq!(fetch(large(64 * 1024 - 1), 0).await.unwrap().headers.len(), 1);
    for text in [many(101), many(10_000), large(64 * 1024), large(1024 * 1024)] {
        let refusal = fetch(text, 0).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Broken { why, .. } if why.contains("header")), "{refusal:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_no_http_is_broken() {
    for text in [
        "",
        "\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n1234",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n1234",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n1234",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n1234",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n1234",
    ] {
        let refusal = fetch(text, 100).await.unwrap_err();

        assert!(matches!(refusal, Refusal::Broken { .. }), "{text:?}: {refusal:?}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_in_time() {
    let address = serve(async |mut stream| {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let timeout = Duration::from_millis(100);

    for scheme in ["http", "https"] {
        let refusal = open(address).send(Request { timeout, ..get(format!("{scheme}://{address}")) }, anything).await.unwrap_err();

        assert_eq!(refusal, Refusal::TimedOut(timeout), "{scheme}");
    }
}

#[tokio::test]
async fn a_server_that_says_little_at_a_time_is_left_in_time() {
    for start in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let (gone, was_left) = oneshot::channel();
        let address = serve(async move |mut stream| {
            read_request(&mut stream).await;
            let mut part = if start.is_empty() { "H" } else { start };
            let mut trickle = tokio::time::interval(Duration::from_millis(5));
            while stream.write_all(part.as_bytes()).await.is_ok() {
                part = if start.ends_with("OK\r\n") {
                    "x: y\r\n"
                } else if start.is_empty() {
                    "TTP/1.1 100 Continue\r\n\r\nH"
                } else {
                    "y"
                };
                trickle.tick().await;
            }
            gone.send(()).unwrap();
        })
        .await;
        let timeout = Duration::from_millis(100);

        let refusal = open(address).send(Request { timeout, ..get(format!("http://{address}")) }, anything).await.unwrap_err();

        assert_eq!(refusal, Refusal::TimedOut(timeout), "{start:?}");
        tokio::time::timeout(PATIENCE, was_left).await.expect("the connection ends with the request").unwrap();
    }
}

#[tokio::test]
async fn a_name_server_that_says_nothing_is_left_in_time() {
    let resolver: Resolver = Arc::new(|_, _| Box::pin(std::future::pending()));
    let egress = Egress::new(EgressSettings { resolver: Some(resolver), ..EgressSettings::default() });
    let timeout = Duration::from_millis(20);

    let refusal = egress.send(Request { timeout, ..get("https://shop.example") }, anything).await.unwrap_err();

    assert_eq!(refusal, Refusal::TimedOut(timeout));
}
