//! The catalogue, and its photos.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use relevo_model::*;
use relevo_store::{Product, ProductFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    Area, Body, IfMatch, IfNoneMatch, Known, Page, Paging, Path, Query,
    after::Titled,
    made,
    shown::{Id, Moment},
};
use crate::{
    app::App,
    console::{photos, products},
    http::{
        problem::{Kind, Problem},
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
};

pub const AREA: Area = Area { name: "products", about: "The catalogue, and its photos.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(create, list, find, save, remove, photo, begin_photo, take_photo, remove_photo))]
struct Document;

fn routes() -> Routes {
    const SEE: Access = Access::Permission(Permission::SeeBusiness);
    const MANAGE: Access = Access::Permission(Permission::ManageProducts);
    Routes::new()
        .create("/api/products", MANAGE, create)
        .get("/api/products", SEE, list)
        .get("/api/products/{id}", SEE, find)
        .put("/api/products/{id}", MANAGE, save)
        .delete("/api/products/{id}", MANAGE, remove)
        .get("/api/products/{id}/photo", SEE, photo)
        .create("/api/products/{id}/photo", MANAGE, begin_photo)
        .put("/api/products/{id}/photo", MANAGE, take_photo)
        .delete("/api/products/{id}/photo", MANAGE, remove_photo)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    #[serde(default)]
    active: Option<bool>,
    /// What the title or the SKU has in it.
    #[serde(default)]
    q: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProductDraft {
    /// Left out, one is made up, or the one that is there stays.
    #[serde(default)]
    #[schema(max_length = 64, example = "YER-1K")]
    sku: Option<String>,
    #[schema(min_length = 1, max_length = 200, example = "Yerba mate 1 kg")]
    title: String,
    #[serde(default)]
    #[schema(max_length = 4000)]
    description: String,
    /// In the smallest unit of the currency: 480000 is ARS 4,800.00.
    #[schema(minimum = 0, maximum = 100000000000i64)]
    price_minor: i64,
    /// ISO 4217. Left out, the business's, or the one that is there stays.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z]{3}$", example = "ARS")]
    currency: Option<String>,
    #[serde(default = "on")]
    #[schema(default = true)]
    active: bool,
    /// Null is not counted.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000000000)]
    stock: Option<i64>,
}

/// A product.
#[derive(Serialize, ToSchema)]
struct ShownProduct {
    #[schema(value_type = Id)]
    id: ProductId,
    sku: String,
    title: String,
    description: String,
    price_minor: i64,
    currency: String,
    /// Where its photo is, as a path of this server.
    #[schema(required)]
    photo_url: Option<String>,
    active: bool,
    #[schema(required)]
    stock: Option<i64>,
    /// How often it was ordered.
    popularity: i64,
    created_at: Moment,
}

/// Where a photo may be put.
#[derive(Serialize, ToSchema)]
struct PhotoUpload {
    /// To be sent when the photo is there.
    key: String,
    #[schema(value_type = String, example = "PUT")]
    method: &'static str,
    /// An address of a bucket, or a path of this server.
    url: String,
    /// Bytes that the photo may have.
    max_bytes: u64,
    expires_at: Moment,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UploadedPhoto {
    /// Of the upload.
    key: String,
}

const fn on() -> bool {
    true
}

/// Adds a product.
#[utoipa::path(post, path = "/api/products", tag = "products", request_body = ProductDraft,
    responses((status = 201, description = "Added", body = ShownProduct)), extensions(("x-problems" = json!(["taken"]))))]
async fn create(State(app): State<App>, member: Member, Body(draft): Body<ProductDraft>) -> Result<Response, Problem> {
    let product = products::create(&app, &member, draft.into()).await?;
    Ok(made(&format!("/api/products/{}", product.id), &ShownProduct::from(product)))
}

/// Lists products by their title.
#[utoipa::path(get, path = "/api/products", tag = "products", params(Filter, Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownProduct>)))]
async fn list(State(app): State<App>, member: Member, Query(filter): Query<Filter>, paging: Paging) -> Result<Page<ShownProduct>, Problem> {
    let after: Option<Titled> = paging.after()?;
    let after = after.as_ref().map(|after| (after.0.as_str(), &after.1));
    let filter = ProductFilter { active: filter.active, search: filter.q };
    let found = products::list(&app, &member, &filter, after, paging.rows_i64()).await?;
    Ok(paging.page(found, |product| Titled(product.title.clone(), product.id), ShownProduct::from))
}

/// Shows a product.
#[utoipa::path(get, path = "/api/products/{id}", tag = "products", params(("id" = Id, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = ShownProduct)))]
async fn find(State(app): State<App>, member: Member, known: Known, Path(id): Path<ProductId>) -> Result<Response, Problem> {
    Ok(known.show(&ShownProduct::from(products::find(&app, &member, &id).await?)))
}

/// Changes a product.
///
/// Sales change its stock and with it its ETag: with If-Match nobody overwrites a stock that they have not seen.
#[utoipa::path(put, path = "/api/products/{id}", tag = "products", params(("id" = Id, Path), IfMatch),
    request_body = ProductDraft, responses((status = 200, description = "Changed", body = ShownProduct)), extensions(("x-problems" = json!(["taken"]))))]
async fn save(State(app): State<App>, member: Member, known: Known, Path(id): Path<ProductId>, Body(draft): Body<ProductDraft>) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    Ok(known.show(&ShownProduct::from(products::save(&app, &member, &id, draft.into(), seen).await?)))
}

/// Takes a product out of the catalogue. Orders that name it keep what they say of it.
#[utoipa::path(delete, path = "/api/products/{id}", tag = "products", params(("id" = Id, Path), IfMatch),
    responses((status = 204, description = "Removed")))]
async fn remove(State(app): State<App>, member: Member, known: Known, Path(id): Path<ProductId>) -> Result<StatusCode, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    products::remove(&app, &member, &id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leads to a product's photo, at an address that opens it for an hour.
#[utoipa::path(get, path = "/api/products/{id}/photo", tag = "products", params(("id" = Id, Path)),
    responses((status = 307, description = "It is there", headers(("Location" = String)))))]
async fn photo(State(app): State<App>, member: Member, Path(id): Path<ProductId>) -> Result<Response, Problem> {
    let product = products::find(&app, &member, &id).await?;
    let address = photos::address(&app, &product).await?.ok_or(Kind::NotFound)?;
    Ok(Redirect::temporary(&address).into_response())
}

/// Gives an address that takes a photo: put the file there, then send the key.
#[utoipa::path(post, path = "/api/products/{id}/photo", tag = "products", params(("id" = Id, Path)),
    responses((status = 200, description = "Where to put it", body = PhotoUpload)))]
async fn begin_photo(State(app): State<App>, member: Member, Path(id): Path<ProductId>) -> Result<axum::Json<PhotoUpload>, Problem> {
    let upload = photos::begin(&app, &member, &id).await?;
    let expires_at = upload.expires_at.into();
    Ok(axum::Json(PhotoUpload { key: upload.key, method: "PUT", url: upload.url, max_bytes: photos::LARGEST, expires_at }))
}

/// Makes what was put at such an address the product's photo: JPEG, PNG, WebP or GIF, whatever its name says.
#[utoipa::path(put, path = "/api/products/{id}/photo", tag = "products", params(("id" = Id, Path)), request_body = UploadedPhoto,
    responses((status = 200, description = "Taken", body = ShownProduct)))]
async fn take_photo(
    State(app): State<App>,
    member: Member,
    known: Known,
    Path(id): Path<ProductId>,
    Body(uploaded): Body<UploadedPhoto>,
) -> Result<Response, Problem> {
    Ok(known.show(&ShownProduct::from(photos::take(&app, &member, &id, &uploaded.key).await?)))
}

/// Takes the photo away.
#[utoipa::path(delete, path = "/api/products/{id}/photo", tag = "products", params(("id" = Id, Path)),
    responses((status = 204, description = "Removed")))]
async fn remove_photo(State(app): State<App>, member: Member, Path(id): Path<ProductId>) -> Result<StatusCode, Problem> {
    photos::remove(&app, &member, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn seen(app: &App, member: &Member, known: &Known, id: &ProductId) -> Result<Option<i64>, Problem> {
    let before = products::find(app, member, id).await?;
    let version = before.version;
    known.demand(&ShownProduct::from(before))?;
    Ok(known.only(version))
}

impl From<ProductDraft> for products::Draft {
    fn from(draft: ProductDraft) -> Self {
        let ProductDraft { sku, title, description, price_minor, currency, active, stock } = draft;
        Self { sku, title, description, price_minor, currency, active, stock }
    }
}

impl From<Product> for ShownProduct {
    fn from(product: Product) -> Self {
        // The photo's own key is in the address, so that another photo is another address; its place is nobody's to know.
        let of_photo = |key: String| {
            let name = key.rsplit('/').next().unwrap_or_default();
            format!("/api/products/{}/photo?v={}", product.id, name.get(..8).unwrap_or_default())
        };
        Self {
            photo_url: product.image.map(of_photo),
            id: product.id,
            sku: product.sku,
            title: product.title,
            description: product.description,
            price_minor: product.price_minor,
            currency: product.currency,
            active: product.active,
            stock: product.stock,
            popularity: product.popularity,
            created_at: product.created_at.into(),
        }
    }
}
