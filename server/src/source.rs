//! Where a request comes from, as limits count it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::{FORWARDED, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// An IPv4 address, or the /64 network of an IPv6 address: who has one address of such a network has
/// all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// The address, as text.
    pub fn text(self) -> String {
        self.0.to_string()
    }

    /// The address without its end: enough to know one's own again.
    pub fn shortened(self) -> String {
        match self.0 {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                format!("{a}.{b}.{c}.…")
            }
            IpAddr::V6(v6) => {
                let [a, b, c, ..] = v6.segments();
                format!("{a:x}:{b:x}:{c:x}:…")
            }
        }
    }

    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            v4 => v4,
        })
    }
}

/// The proxies whose word about the visitor's address is believed.
#[derive(Debug, Clone)]
pub struct Proxies(Arc<[IpNet]>);

impl Proxies {
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }

    pub fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Where a request comes from. A proxy appends the address it was asked by, so the list is read
    /// from its end, up to the first address that is no proxy of ours: what stands before it may be
    /// made up.
    pub fn source(&self, peer: SocketAddr, headers: &HeaderMap) -> Source {
        let peer = peer.ip();
        if !self.trust(peer) {
            return Source::of(peer);
        }
        let said = [x_forwarded_for(headers), forwarded(headers)];
        let mut told = said.into_iter().filter(|list| !list.is_empty());
        let first = told.next().map(|list| self.visitor(peer, &list));
        let second = told.next().map(|list| self.visitor(peer, &list));
        match (first, second) {
            (Some(one), None) => one,
            // A proxy writes one of the two and may pass the other on as the visitor sent it.
            (Some(one), Some(other)) if one == other => one,
            _ => Source::of(peer),
        }
    }

    fn visitor(&self, peer: IpAddr, list: &[Option<IpAddr>]) -> Source {
        let mut last = peer;
        for address in list.iter().rev() {
            let Some(address) = *address else { break };
            last = address;
            if !self.trust(address) {
                break;
            }
        }
        Source::of(last)
    }
}

fn x_forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let texts = headers.get_all(X_FORWARDED_FOR).into_iter();
    texts
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(|text| address(text.trim()))
        .collect()
}

/// The `for` parameters, RFC 7239.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let texts = headers.get_all(FORWARDED).into_iter();
    texts
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(|element| {
            let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
            let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
            address(node.trim().trim_matches('"'))
        })
        .collect()
}

/// `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]` or `[2001:db8::7]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse().map(|address: SocketAddr| address.ip()).ok();
    plain.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(peer: &str, headers: &[(&'static str, &str)]) -> Source {
        let networks = ["10.0.0.0/8", "::1/128"].map(|text| text.parse().expect("a network"));
        let peer = SocketAddr::new(peer.parse().expect("an address"), 4_711);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a value"));
        }
        Proxies::new(networks.into()).source(peer, &map)
    }

    fn of(text: &str) -> Source {
        Source::of(text.parse().expect("an address"))
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_what_it_added() {
        let says = |text| [("x-forwarded-for", text)];
        assert_eq!(source("192.0.2.1", &says("203.0.113.9")), of("192.0.2.1"));
        assert_eq!(source("10.0.0.1", &says("203.0.113.9")), of("203.0.113.9"));
        let made_up = says("1.1.1.1, 203.0.113.9, 10.0.0.2");
        assert_eq!(source("10.0.0.1", &made_up), of("203.0.113.9"));
        assert_eq!(source("10.0.0.1", &says("nonsense")), of("10.0.0.1"));
        assert_eq!(source("10.0.0.1", &[]), of("10.0.0.1"));
        let both = [
            ("x-forwarded-for", "203.0.113.9"),
            ("forwarded", "for=1.1.1.1"),
        ];
        assert_eq!(source("10.0.0.1", &both), of("10.0.0.1"));
    }

    #[test]
    fn the_standard_header_is_read_too() {
        let says = |text| [("forwarded", text)];
        let plain = says("for=203.0.113.9;proto=https");
        assert_eq!(source("::1", &plain), of("203.0.113.9"));
        let quoted = says("for=1.1.1.1, for=\"[2001:db8:1:2::7]:4711\"");
        assert_eq!(source("::1", &quoted), of("2001:db8:1:2::99"));
        assert_eq!(source("::1", &says("for=_hidden")), of("::1"));
    }

    #[test]
    fn a_network_of_ipv6_is_one_source_and_ipv4_is_itself() {
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
