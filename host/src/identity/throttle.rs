//! How often somebody may try: by account and by address, each failure making the next wait longer.
//!
//! An attempt is counted before it is made, so that a hundred at once count a hundred. Accounts that nobody has are counted like all others.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use relevo_model::Time;
use relevo_store::{Patience, Write};

use super::{Device, Door, Error, Result, tokens};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Short enough that whoever tries a stranger's account does not lock them out for long.
const ACCOUNT: Patience = Patience { free: 5, longest: Duration::from_secs(5 * 60), forgets: DAY };
/// An office shares one.
const ADDRESS: Patience = Patience { free: 20, longest: Duration::from_secs(15 * 60), forgets: DAY };

/// Of invitations, each of which is a mail to somebody who may not want it: more in an hour than a team has newcomers.
const INVITER: Patience = Patience { free: 20, longest: HOUR, forgets: HOUR };

/// What is tried. Each is counted apart.
#[derive(Clone, Copy)]
pub enum Try<'a> {
    Password(&'a str),
    Code(&'a str),
    Link(&'a str),
    Register,
    /// By this person, into this business.
    Invite(&'a str, &'a str),
}

pub fn oldest(now: Time) -> Time {
    Time(now.0 - i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX))
}

impl Door {
    /// Counts an attempt; an error while it has to wait.
    pub(super) async fn knock(&self, what: Try<'_>, device: &Device) -> Result<()> {
        let now = self.clock.now();
        let mut write = self.store.platform().write().await?;
        let mut until = None;
        for Count { key, patience, .. } in counts(what, device) {
            until = until.max(write.knock(&key, now, patience).await?);
        }
        if let Some(until) = until {
            return Err(Error::TooMany(until.since(now)));
        }
        write.commit().await?;
        Ok(())
    }
}

/// The attempt succeeded.
pub(super) async fn forgive(write: &mut Write, what: Try<'_>, device: &Device) -> Result<()> {
    for Count { key, of_account, .. } in counts(what, device) {
        if of_account { write.forgive(&key).await? } else { write.uncount(&key).await? }
    }
    Ok(())
}

struct Count {
    key: String,
    patience: Patience,
    of_account: bool,
}

fn counts(what: Try<'_>, device: &Device) -> impl Iterator<Item = Count> {
    let (kind, account, business) = match what {
        Try::Password(email) => ("password", Some(email), None),
        Try::Code(user) => ("code", Some(user), None),
        Try::Link(email) => ("link", Some(email), None),
        Try::Register => ("register", None, None),
        Try::Invite(user, tenant) => ("invite", Some(user), Some(tenant)),
    };
    let of_account = if business.is_some() { INVITER } else { ACCOUNT };
    let key = |of: &str, whom: &str| tokens::hash(&[kind, of, whom].join("\u{1f}"));
    let address = device.address.map(|address| Count { key: key("address", &network(address).to_string()), patience: ADDRESS, of_account: false });
    let account = account.map(|account| Count { key: key("account", account), patience: of_account, of_account: true });
    let business = business.map(|business| Count { key: key("business", business), patience: INVITER, of_account: true });
    address.into_iter().chain(account).chain(business)
}

/// Who has one IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_are_one() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
