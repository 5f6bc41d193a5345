//! Media: files that people upload, on disk or in a bucket, under keys that nobody guesses. Addresses that open or take a single file for a
//! while are signed: by us for the disk, by the bucket's own key for S3.

mod kind;
mod ticket;

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use axum::http::Method;
use bytes::Bytes;
use futures::{TryStreamExt, future::ready};
use object_store::{
    Attribute, Attributes, ObjectStore, ObjectStoreExt, PutOptions, PutPayload,
    aws::{AmazonS3, AmazonS3Builder},
    local::LocalFileSystem,
    path::Path as Key,
    signer::Signer,
};
use rand::RngCore;
use relevo_model::*;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::settings::S3;

pub use kind::Kind;
pub use ticket::{Ticket, What};

/// How long an address takes a file, and how long one opens it.
const UPLOADS: Duration = Duration::from_secs(15 * 60);
const OPENS: Duration = Duration::from_secs(3_600);

/// Where media lie. Clones are the same one.
#[derive(Clone)]
pub struct Media(Arc<Inner>);

struct Inner {
    place: Place,
    /// Signs addresses of our own.
    key: Zeroizing<[u8; 32]>,
}

enum Place {
    Disk(LocalFileSystem),
    Bucket(AmazonS3),
}

/// Where a file may be put, once, with `PUT`.
#[derive(Clone, Debug)]
pub struct Upload {
    /// What it is called when it is there.
    pub key: String,
    /// Absolute where a bucket takes it; else a path of ours.
    pub url: String,
    pub expires_at: Time,
}

impl Media {
    /// In a folder that is this user's alone.
    pub fn on_disk(folder: &Path, key: Zeroizing<[u8; 32]>) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder for media {}", folder.display()))?;
        let files = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self(Arc::new(Inner { place: Place::Disk(files), key })))
    }

    pub fn in_bucket(s3: &S3, key: Zeroizing<[u8; 32]>) -> anyhow::Result<Self> {
        let mut builder = AmazonS3Builder::new()
            .with_region(&s3.region)
            .with_bucket_name(&s3.bucket)
            .with_access_key_id(s3.access_key.expose_secret())
            .with_secret_access_key(s3.secret_key.expose_secret());
        if let Some(endpoint) = &s3.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        Ok(Self(Arc::new(Inner { place: Place::Bucket(builder.build()?), key })))
    }

    /// A key that nobody guesses, in a folder of a business.
    pub fn new_key(tenant: &TenantId, folder: &str, ending: &str) -> String {
        let mut random = [0; 16];
        rand::rng().fill_bytes(&mut random);
        format!("{tenant}/{folder}/{}{ending}", hex::encode(random))
    }

    pub async fn put(&self, key: &str, file: Bytes, kind: Kind) -> anyhow::Result<()> {
        self.put_as(key, file, kind.mime()).await
    }

    /// The same for what is no picture.
    pub async fn put_as(&self, key: &str, file: Bytes, mime: &'static str) -> anyhow::Result<()> {
        let attributes = match &self.0.place {
            // Files on a disk have none: their ending tells.
            Place::Disk(_) => Attributes::new(),
            Place::Bucket(_) => Attributes::from_iter([(Attribute::ContentType, mime)]),
        };
        let options = PutOptions { attributes, ..PutOptions::default() };
        self.files().put_opts(&Key::parse(key)?, PutPayload::from_bytes(file), options).await?;
        Ok(())
    }

    /// The file; none where there is none, or one that is larger than `most`.
    pub async fn get(&self, key: &str, most: u64) -> anyhow::Result<Option<Bytes>> {
        let found = match self.files().get(&Key::parse(key)?).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if found.meta.size > most {
            return Ok(None);
        }
        Ok(Some(found.bytes().await?))
    }

    /// Removes a file; one that is not there is removed already.
    pub async fn remove(&self, key: &str) -> anyhow::Result<()> {
        match self.files().delete(&Key::parse(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what was put into this folder of any business before `before`; how many files. A bucket has a rule of its own for that.
    pub async fn drop_old(&self, folder: &str, before: Time) -> anyhow::Result<u64> {
        let Place::Disk(files) = &self.0.place else { return Ok(0) };
        let mut dropped = 0;
        for tenant in files.list_with_delimiter(None).await?.common_prefixes {
            let old = files.list(Some(&tenant.join(folder))).try_filter(|file| ready(file.last_modified.timestamp_millis() < before.0));
            for file in old.try_collect::<Vec<_>>().await? {
                self.remove(file.location.as_ref()).await?;
                dropped += 1;
            }
        }
        Ok(dropped)
    }

    /// An address that takes this file for a quarter of an hour, `most` bytes of it at most. A bucket's signature does not hold the size:
    /// whoever takes the file over looks at it again.
    pub async fn upload(&self, key: &str, most: u64, now: Time) -> anyhow::Result<Upload> {
        let expires_at = now.after(UPLOADS);
        let url = match &self.0.place {
            Place::Disk(_) => self.path(&Ticket { what: What::Put, key: key.to_owned(), most, expires_at }),
            Place::Bucket(bucket) => bucket.signed_url(Method::PUT, &Key::parse(key)?, UPLOADS).await?.into(),
        };
        Ok(Upload { key: key.to_owned(), url, expires_at })
    }

    /// An address that opens this file for an hour.
    pub async fn address(&self, key: &str, now: Time) -> anyhow::Result<String> {
        match &self.0.place {
            Place::Disk(_) => Ok(self.path(&Ticket { what: What::Get, key: key.to_owned(), most: 0, expires_at: now.after(OPENS) })),
            Place::Bucket(bucket) => Ok(bucket.signed_url(Method::GET, &Key::parse(key)?, OPENS).await?.into()),
        }
    }

    /// An address of ours that opens this file, wherever it lies, for half an hour at least and an hour at most: it changes twice an hour.
    pub fn address_here(&self, key: &str, now: Time) -> String {
        let half = OPENS.as_millis() as i64 / 2;
        let begun = Time(now.0 - now.0.rem_euclid(half));
        self.path(&Ticket { what: What::Get, key: key.to_owned(), most: 0, expires_at: begun.after(OPENS) })
    }

    /// What a token of ours is good for now; none where it is not ours, or over.
    pub fn ticket(&self, token: &str, what: What, now: Time) -> Option<Ticket> {
        let ticket = Ticket::open(token, &self.0.key)?;
        (ticket.what == what && now < ticket.expires_at).then_some(ticket)
    }

    fn path(&self, ticket: &Ticket) -> String {
        format!("/media/{}", ticket.seal(&self.0.key))
    }

    fn files(&self) -> &dyn ObjectStore {
        match &self.0.place {
            Place::Disk(files) => files,
            Place::Bucket(bucket) => bucket,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Time = Time(1_767_268_800_000);

    fn on_disk() -> (Media, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Media::on_disk(&folder.path().join("media"), Zeroizing::new([7; 32])).unwrap(), folder)
    }

    #[tokio::test]
    async fn a_file_comes_back_as_it_was_put_until_it_is_removed() {
        let (media, _folder) = on_disk();

        media.put("t/products/a.png", Bytes::from_static(b"12345"), Kind::Png).await.unwrap();

        assert_eq!(media.get("t/products/a.png", 5).await.unwrap().unwrap(), "12345");
        assert!(media.get("t/products/a.png", 4).await.unwrap().is_none(), "larger than whoever asks takes");
        media.remove("t/products/a.png").await.unwrap();
        media.remove("t/products/a.png").await.unwrap();
        assert!(media.get("t/products/a.png", 5).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_waited_for_too_long_goes_and_nothing_else() {
        let (media, _folder) = on_disk();
        let keys = ["t/incoming/a", "u/incoming/b", "t/products/a.png"];
        for key in keys {
            media.put(key, Bytes::from_static(b"12345"), Kind::Png).await.unwrap();
        }
        let hour = Duration::from_secs(3_600);
        let now = Clock::system().now();

        assert_eq!(media.drop_old("incoming", Time(now.0 - 1_800_000)).await.unwrap(), 0, "it is half an hour too early");
        assert_eq!(media.drop_old("incoming", now.after(hour)).await.unwrap(), 2);

        let mut left = Vec::new();
        for key in keys {
            left.extend(media.get(key, 5).await.unwrap().map(|_| key));
        }
        assert_eq!(left, ["t/products/a.png"]);
    }

    #[tokio::test]
    async fn no_key_leads_out_of_the_folder() {
        let (media, folder) = on_disk();
        std::fs::write(folder.path().join("secret"), "x").unwrap();

        for key in ["../secret", "t/../../secret", "/../secret", "t//a", "./secret"] {
            assert!(media.get(key, 100).await.map_or(true, |found| found.is_none()), "{key}");
            assert!(media.put(key, Bytes::from_static(b"x"), Kind::Png).await.is_err(), "{key}");
        }
    }

    #[tokio::test]
    async fn a_signed_address_is_good_for_one_thing_and_for_a_while() {
        let (media, _folder) = on_disk();
        let token = |url: String| url.strip_prefix("/media/").unwrap().to_owned();
        let put = token(media.upload("t/incoming/a", 10, NOON).await.unwrap().url);
        let get = token(media.address("t/products/a.png", NOON).await.unwrap());

        let ticket = media.ticket(&put, What::Put, NOON).unwrap();
        assert_eq!((ticket.key.as_str(), ticket.most), ("t/incoming/a", 10));
        assert_eq!(media.ticket(&get, What::Get, NOON).unwrap().key, "t/products/a.png");
        assert!(media.ticket(&put, What::Get, NOON).is_none() && media.ticket(&get, What::Put, NOON).is_none());
        assert!(media.ticket(&put, What::Put, NOON.after(UPLOADS)).is_none() && media.ticket(&get, What::Get, NOON.after(OPENS)).is_none());
        let elsewhere = Media::on_disk(&_folder.path().join("other"), Zeroizing::new([8; 32])).unwrap();
        assert!(elsewhere.ticket(&put, What::Put, NOON).is_none());
    }

    #[test]
    fn an_address_for_our_pages_stays_for_a_while_and_never_ends_at_once() {
        let (media, _folder) = on_disk();
        let half = Duration::from_secs(30 * 60);
        let (first, later, next) =
            [Duration::ZERO, half - Duration::from_millis(1), half].map(|after| media.address_here("t/products/a.png", NOON.after(after))).into();

        assert_eq!(first, later, "a browser need not fetch it again");
        assert_ne!(first, next);
        let token = first.strip_prefix("/media/").unwrap();
        assert!(media.ticket(token, What::Get, NOON.after(half * 2 - Duration::from_millis(1))).is_some());
        assert!(media.ticket(token, What::Get, NOON.after(half * 2)).is_none());
    }

    #[tokio::test]
    async fn a_bucket_signs_with_its_own_key() {
        drop(rustls::crypto::ring::default_provider().install_default());
        let s3 = S3 {
            endpoint: Some("http://127.0.0.1:9000".into()),
            region: "us-east-1".into(),
            bucket: "media".into(),
            access_key: "access".to_owned().into(),
            secret_key: "secret-canary".to_owned().into(),
        };
        let media = Media::in_bucket(&s3, Zeroizing::new([7; 32])).unwrap();

        let upload = media.upload("t/incoming/a", 10, NOON).await.unwrap();
        let address = media.address("t/products/a.png", NOON).await.unwrap();

        assert!(upload.url.starts_with("http://127.0.0.1:9000/media/t/incoming/a?"), "{}", upload.url);
        assert!(address.starts_with("http://127.0.0.1:9000/media/t/products/a.png?"), "{address}");
        for url in [&upload.url, &address] {
            assert!(url.contains("X-Amz-Signature=") && url.contains("X-Amz-Expires=") && !url.contains("secret-canary"), "{url}");
        }
        assert!(upload.url.contains("X-Amz-Expires=900&") && address.contains("X-Amz-Expires=3600&"), "{} {address}", upload.url);
    }

    #[test]
    fn keys_are_of_their_business_and_never_the_same() {
        let tenant: TenantId = "0198c0de-0000-7000-8000-000000000001".parse().unwrap();
        let (one, other) = (Media::new_key(&tenant, "products", ".png"), Media::new_key(&tenant, "products", ".png"));
        assert_ne!(one, other);
        assert!(one.starts_with("0198c0de-0000-7000-8000-000000000001/products/") && one.ends_with(".png"), "{one}");
    }
}
