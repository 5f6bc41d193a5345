//! Photos of products: uploaded in one request, or to an address of their own and then taken over.

use bytes::Bytes;
use relevo_model::*;
use relevo_store::Product;

use super::{Error, Result, note, products, to_the_end};
use crate::{
    app::App,
    identity::Member,
    media::{Kind, Media, Upload},
    policy::Permission,
};

/// Bytes of a photo at most.
pub const LARGEST: u64 = 5 * 1024 * 1024;
const FOLDER: &str = "products";
/// Where uploads wait to be taken over.
const INCOMING: &str = "incoming";
/// Milliseconds that they wait: longer than an address takes a file.
const WAIT: i64 = 3_600_000;

/// An address to put a photo at. What is put there is nobody's photo before `take` looked at it.
pub async fn begin(app: &App, member: &Member, id: &ProductId) -> Result<Upload> {
    member.demand(Permission::ManageProducts, None)?;
    products::find(app, member, id).await?;
    let key = Media::new_key(&member.tenant, INCOMING, "");
    app.media.upload(&key, LARGEST, app.clock.now()).await.map_err(Error::Broken)
}

/// Makes what was put at such an address the photo of a product.
pub async fn take(app: &App, member: &Member, id: &ProductId, key: &str) -> Result<Product> {
    member.demand(Permission::ManageProducts, None)?;
    products::find(app, member, id).await?;
    let own = format!("{}/{INCOMING}/", member.tenant);
    let is_ours = key.strip_prefix(&own).is_some_and(|random| random.len() == 32 && random.bytes().all(|digit| digit.is_ascii_hexdigit()));
    if !is_ours {
        return Err(Error::field("key", "field-upload"));
    }
    let file = app.media.get(key, LARGEST).await.map_err(Error::Broken)?.ok_or_else(|| Error::field("key", "field-upload"))?;
    let product = set(app, member, id, file).await;
    if matches!(product, Ok(_) | Err(Error::Invalid(_))) {
        forget(app, key).await;
    }
    product
}

/// Gives a product this photo, under a key of its own: no address that took an upload leads to it.
pub async fn set(app: &App, member: &Member, id: &ProductId, file: Bytes) -> Result<Product> {
    member.demand(Permission::ManageProducts, None)?;
    let kind = check(&file)?;
    products::find(app, member, id).await?;
    to_the_end(app, keep(app.clone(), member.clone(), *id, kind, file)).await
}

/// What a file is, if it can be a photo.
pub fn check(file: &Bytes) -> Result<Kind> {
    if file.is_empty() {
        return Err(Error::field("photo", "field-photo-empty"));
    }
    if u64::try_from(file.len()).map_or(true, |size| size > LARGEST) {
        return Err(Error::field("photo", "field-photo-large"));
    }
    Kind::of(file).ok_or_else(|| Error::field("photo", "field-photo-kind"))
}

pub async fn remove(app: &App, member: &Member, id: &ProductId) -> Result<Product> {
    member.demand(Permission::ManageProducts, None)?;
    to_the_end(app, change(app.clone(), member.clone(), *id, None)).await
}

/// Where a product's photo is seen for the next hour.
pub async fn address(app: &App, product: &Product) -> Result<Option<String>> {
    let Some(key) = &product.image else { return Ok(None) };
    app.media.address(key, app.clock.now()).await.map(Some).map_err(Error::Broken)
}

/// The same for our own pages, which show pictures of this server alone: the same address for a while, so that browsers keep what is there.
pub fn address_here(app: &App, product: &Product) -> Option<String> {
    product.image.as_ref().map(|key| app.media.address_here(key, app.clock.now()))
}

async fn keep(app: App, member: Member, id: ProductId, kind: Kind, file: Bytes) -> Result<Product> {
    let key = Media::new_key(&member.tenant, FOLDER, kind.ending());
    app.media.put(&key, file, kind).await.map_err(Error::Broken)?;
    let changed = change(app.clone(), member, id, Some(key.clone())).await;
    if changed.is_err() {
        forget(&app, &key).await;
    }
    changed
}

/// The photo that was there before goes when nothing names it any more.
async fn change(app: App, member: Member, id: ProductId, image: Option<String>) -> Result<Product> {
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let before = write.products().find(id.as_str()).await?.ok_or(Error::NotFound)?;
    write.set_product_image(&id, image.as_deref()).await?;
    let after = write.products().find(id.as_str()).await?.ok_or(Error::NotFound)?;
    note(&app, &mut write, &member, "product.photo", Some(id.as_str())).await?;
    write.commit().await?;
    if let Some(key) = before.image {
        forget(&app, &key).await;
    }
    Ok(after)
}

/// Drops what was uploaded and nobody took over; how many files.
pub async fn forget_uploads(app: &App) -> anyhow::Result<u64> {
    app.media.drop_old(INCOMING, Time(app.clock.now().0 - WAIT)).await
}

/// A file that stays behind takes room and does no harm.
async fn forget(app: &App, key: &str) {
    if let Err(error) = app.media.remove(key).await {
        tracing::warn!(error = format!("{error:#}"), "a file that nothing names any more could not be removed");
    }
}
