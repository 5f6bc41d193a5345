//! Every way that we know from a request to an address inside; the trap must see no SYN.

use std::net::Ipv6Addr;

use super::*;

/// This machine.
const LOOPBACK: [&str; 36] = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.1.",
    "2130706433",
    "2130706433.",
    "0x7f000001",
    "0X7F.1",
    "0x7f.0x0.0x0.0x1",
    "0x7f.0.1",
    "0177.0.0.1",
    "0177.0.0.01",
    "0000000000177.1",
    "017700000001",
    "127.0.0.0x1",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "127。0。0。1",
    "127．0．0．1",
    "①②⑦.0.0.1",
    "１２７.0.0.1",
    "𝟭𝟮𝟳.0.0.1",
    "127.0.0.1\u{ad}",
    "0",
    "0.0.0.0",
    "0x0",
    "00.0x",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
];

/// Other machines that are not public, and this one through a translator.
const INSIDE: [&str; 32] = [
    "10.0.0.1",
    "10.1",
    "0xa000001",
    "100.64.0.1",
    "100.100.100.200",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::127.0.0.1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
];

#[tokio::test]
async fn no_spelling_of_an_inside_address_is_reached() {
    let trap = Trap::new();
    let port = trap.address().port();
    let egress = closed();

    for host in LOOPBACK.iter().chain(&INSIDE) {
        for url in [format!("https://{host}:{port}/"), format!("http://{host}:80/"), format!("https://{host}/")] {
            let refusal = egress.send(get(&url), anything).await.unwrap_err();

            assert!(matches!(refusal, Refusal::Private(_)), "{url}: {refusal:?}");
        }
        let plain = egress.send(get(format!("http://{host}:{port}/")), anything).await.unwrap_err();
        assert!(matches!(plain, Refusal::Plain(_)), "{host}: {plain:?}");
    }

    assert!(!trap.was_knocked_on());
}

#[tokio::test]
async fn the_trap_sees_who_may_knock() {
    let trap = Trap::new();
    let egress = open(trap.address());

    for host in LOOPBACK.iter().take(24) {
        let request = Request { timeout: Duration::from_millis(20), ..get(format!("https://{host}:{}/", trap.address().port())) };
        let refusal = egress.send(request, anything).await.unwrap_err();

        assert!(matches!(refusal, Refusal::TimedOut(_)), "{host}: {refusal:?}");
        assert!(trap.was_knocked_on(), "{host}");
    }
}

#[tokio::test]
async fn no_name_leads_to_an_inside_address() {
    let trap = Trap::new();
    let addresses = LOOPBACK.iter().chain(&INSIDE).filter_map(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());

    for address in addresses {
        let (resolver, _) = at(vec![address]);
        let egress = Egress::new(EgressSettings { resolver: Some(resolver), ..EgressSettings::default() });
        let refusal = egress.send(get(format!("https://shop.example:{}/", trap.address().port())), anything).await.unwrap_err();

        assert_eq!(refusal, Refusal::Private("shop.example".into()), "{address}");
    }

    assert!(!trap.was_knocked_on());
}

#[tokio::test]
async fn the_machines_own_names_lead_nowhere() {
    let trap = Trap::new();
    let egress = closed();

    for host in ["localhost", "LOCALHOST.", "ⓛocalhost", "loc%61lhost"] {
        let refusal = egress.send(get(format!("https://{host}:{}/", trap.address().port())), anything).await.unwrap_err();

        assert_eq!(refusal, Refusal::Private("localhost".into()), "{host}");
    }

    assert!(!trap.was_knocked_on());
}

#[tokio::test]
async fn one_inside_address_among_public_ones_refuses_them_all() {
    let trap = Trap::new();
    let public: [IpAddr; 2] = [Ipv4Addr::new(8, 8, 8, 8).into(), Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111).into()];

    for place in 0..=5 {
        let mut addresses = [public, public, [public[0], public[1]]].concat();
        addresses.insert(place, trap.address().ip());
        let (resolver, _) = at(addresses);
        let egress = Egress::new(EgressSettings { resolver: Some(resolver), ..EgressSettings::default() });

        let refusal = egress.send(get(format!("https://shop.example:{}/", trap.address().port())), anything).await.unwrap_err();

        assert_eq!(refusal, Refusal::Private("shop.example".into()));
    }
    assert!(!trap.was_knocked_on());
}

#[tokio::test]
async fn a_name_that_moves_between_check_and_connection_is_not_followed() {
    let trap = Trap::new();
    let first = std::net::TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), trap.address().port())).unwrap();
    first.set_nonblocking(true).unwrap();
    let first = Trap(first);
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, checked, then) = (Arc::clone(&asked), first.address(), trap.address());
    let moving: Resolver = Arc::new(move |_, _| {
        let found = if count.fetch_add(1, Ordering::SeqCst) == 0 { checked } else { then };
        Box::pin(async move { Ok(vec![found]) })
    });
    let egress = Egress::new(EgressSettings { allow_private: vec![checked.into()], resolver: Some(moving), ..EgressSettings::default() });
    let request = Request { timeout: Duration::from_millis(50), ..get(format!("https://shop.example:{}/", then.port())) };

    let refusal = egress.send(request.clone(), anything).await.unwrap_err();

    assert!(matches!(refusal, Refusal::TimedOut(_)), "{refusal:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(first.was_knocked_on());
    assert_eq!(egress.send(request, anything).await.unwrap_err(), Refusal::Private("shop.example".into()));
    assert!(!trap.was_knocked_on());
}

#[tokio::test]
async fn the_resolver_does_not_choose_the_port() {
    let trap = Trap::new();
    let elsewhere = trap.address();
    let resolver: Resolver = Arc::new(move |_, _| Box::pin(async move { Ok(vec![elsewhere]) }));
    let egress = Egress::new(EgressSettings { allow_private: vec![elsewhere.into()], resolver: Some(resolver), ..EgressSettings::default() });

    let refusal = egress.send(get("https://shop.example:1/"), anything).await.unwrap_err();

    assert_eq!(refusal, Refusal::Private("shop.example".into()));
    assert!(!trap.was_knocked_on());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let trap = Trap::new();
    for status in [301, 302, 303, 307, 308] {
        let (address, _) = answer(format!("HTTP/1.1 {status} Moved\r\nlocation: http://{}/\r\nrefresh: 0\r\ncontent-length: 0\r\n\r\n", trap.address())).await;
        let egress = Egress::new(EgressSettings { allow_private: vec![address.into(), trap.address().into()], ..EgressSettings::default() });

        let response = egress.send(get(format!("http://{address}")), anything).await.unwrap();

        assert_eq!(response.status, status);
        assert!(response.headers.contains(&("location".into(), format!("http://{}/", trap.address()))));
    }
    assert!(!trap.was_knocked_on());
}

#[tokio::test]
async fn an_opened_address_opens_no_other() {
    let trap = Trap::new();
    let port = trap.address().port();
    let (resolver, _) = at(vec![trap.address().ip()]);
    let opened = [
        format!("127.0.0.1:{}", port ^ 1),
        format!("127.0.0.2:{port}"),
        format!("[::1]:{port}"),
        format!("other.example:{port}"),
        format!("shop.example:{}", port ^ 1),
    ];
    let allow_private = opened.iter().map(|text| text.parse().unwrap()).collect();
    let egress = Egress::new(EgressSettings { allow_private, resolver: Some(resolver), ..EgressSettings::default() });

    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "shop.example", "my.other.example"] {
        let refusal = egress.send(get(format!("https://{host}:{port}/")), anything).await.unwrap_err();

        assert!(matches!(refusal, Refusal::Private(_)), "{host}: {refusal:?}");
    }
    assert!(!trap.was_knocked_on());
}

#[tokio::test]
async fn plain_http_needs_port_80_or_the_operator() {
    let (resolver, asked) = at(vec![Ipv4Addr::LOCALHOST.into()]);
    let allow_private = vec!["n8n.internal:5678".parse().unwrap()];
    let egress = Egress::new(EgressSettings { allow_private, resolver: Some(resolver), ..EgressSettings::default() });

    for url in ["http://shop.example:443/", "http://shop.example:8080/", "http://8.8.8.8:8080/", "http://n8n.internal:5679/"] {
        let refusal = egress.send(get(url), anything).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Plain(_)), "{url}: {refusal:?}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);

    let granted = egress.send(get("http://shop.example/"), |_, host, port| (host, port) == ("shop.example", 80)).await.unwrap_err();
    assert_eq!(granted, Refusal::Private("shop.example".into()), "it went on to the addresses");
    let ungranted = egress.send(get("http://shop.example/"), |_, host, port| (host, port) == ("shop.example", 443)).await.unwrap_err();
    assert!(matches!(ungranted, Refusal::NotAllowed { port: 80, .. }), "{ungranted:?}");
}

/// Runs another test of this file's parent once more, with every proxy variable set to the trap.
#[test]
fn a_proxy_in_the_environment_is_not_used() {
    let trap = Trap::new();
    let proxy = format!("http://{}", trap.address());
    let tests = module_path!().split_once("::").and_then(|(_, path)| path.rsplit_once("::")).unwrap().0;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", &format!("{tests}::a_permitted_request_arrives_and_its_answer_comes_back")]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        child.env(name, &proxy);
    }

    let output = child.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap();

    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
    assert!(!trap.was_knocked_on());
}
