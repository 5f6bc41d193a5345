//! A mail server of few words.

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Listens on loopback; its address as a setting, and what it was given, mail by mail.
///
/// # Panics
/// When nothing can listen on loopback.
pub async fn mailbox() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be listened on");
    let address = format!("smtp://{}", listener.local_addr().expect("it is bound"));
    let (given, mails) = mpsc::channel(9);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, given.clone()));
        }
    });
    (address, mails)
}

/// Ends with the connection, or with the test that nobody reads for any more.
async fn talk(stream: TcpStream, given: mpsc::Sender<String>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 localhost\r\n").await?;
    let (mut mail, mut line) = (String::new(), String::new());
    while stream.read_line(&mut line).await? > 0 {
        let answer: &[u8] = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => b"250 localhost\r\n",
            "DATA" => b"354 go on\r\n",
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        mail += &line;
        stream.write_all(answer).await?;
        if answer.starts_with(b"354") {
            while !mail.ends_with("\r\n.\r\n") {
                if stream.read_line(&mut mail).await? == 0 {
                    return Ok(());
                }
            }
            stream.write_all(b"250 taken\r\n").await?;
            if given.send(std::mem::take(&mut mail)).await.is_err() {
                return Ok(());
            }
        }
        line.clear();
    }
    Ok(())
}
