//! The files of pictures that staff have uploaded, and forms of products that came back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::Columns;
use types::Slug;
use types::staff::Right;

use crate::events::{Refused, internal};
use crate::shop::Shop;
use crate::visitor::Staff;

/// How long a form that was refused is kept, in microseconds.
const KEPT_US: i64 = 60 * 60 * 1_000_000;

impl Shop {
    /// Keeps the files of a picture. They are named by their content, so that one which is there is the same.
    ///
    /// # Errors
    /// 403 for whoever edits no products.
    pub async fn keep_photograph(
        &self,
        staff: &Staff,
        files: Vec<(String, Vec<u8>)>,
    ) -> crate::Result<()> {
        staff.may(Right::Products)?;
        Ok(self.store_photograph(files).await?)
    }

    async fn store_photograph(&self, files: Vec<(String, Vec<u8>)>) -> Result<(), Refused> {
        // Before the transaction: all others wait for its end.
        let files: Vec<(String, String)> = (files.into_iter())
            .map(|(name, content)| (name, STANDARD.encode(content)))
            .collect();
        let mut tx = self.log().begin("photographs").await?;
        for (name, content) in files {
            db::query(
                "insert into photographs (name, content) values ($1, $2) on conflict do nothing",
            )
            .bind(name)
            .bind(content)
            .execute(tx.conn())
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// A file of a picture that was uploaded.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn photograph(&self, name: &str) -> crate::Result<Option<Vec<u8>>> {
        Ok(self.stored_photograph(name).await?)
    }

    async fn stored_photograph(&self, name: &str) -> Result<Option<Vec<u8>>, Refused> {
        let row = db::query("select content from photographs where name = $1")
            .bind(name.to_owned())
            .fetch_optional(self.log().db().reader())
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let content = STANDARD.decode(row.try_get::<&str, _>(0)?);
        Ok(Some(content.map_err(internal)?))
    }

    /// Keeps what somebody has typed about a product, for the page that says what is wrong with it.
    ///
    /// # Errors
    /// 403 for whoever edits no products.
    pub async fn keep_product_form(
        &self,
        staff: &Staff,
        product: &Slug,
        form: &str,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Products)?;
        Ok(self.store_form(by, product, form).await?)
    }

    async fn store_form(&self, by: &str, product: &Slug, form: &str) -> Result<(), Refused> {
        let now_us = self.now_us();
        let mut tx = self.log().begin("product forms").await?;
        db::query(
            "delete from refused_product_forms where at_us < $1 or (author = $2 and product = $3)",
        )
        .bind(now_us - KEPT_US)
        .bind(by.to_owned())
        .bind(product.to_string())
        .execute(tx.conn())
        .await?;
        db::query(
            "insert into refused_product_forms (author, product, at_us, form) values ($1, $2, $3, $4)",
        )
        .bind(by.to_owned())
        .bind(product.to_string())
        .bind(now_us)
        // PostgreSQL keeps no such character.
        .bind(form.replace("\\u0000", ""))
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// What somebody has typed last about a product, and was refused.
    ///
    /// # Errors
    /// 403 for whoever edits no products.
    pub async fn kept_product_form(
        &self,
        staff: &Staff,
        product: &Slug,
    ) -> crate::Result<Option<String>> {
        let by = staff.may(Right::Products)?;
        Ok(self.stored_form(by, product).await?)
    }

    async fn stored_form(&self, by: &str, product: &Slug) -> Result<Option<String>, Refused> {
        let row =
            db::query("select form from refused_product_forms where author = $1 and product = $2")
                .bind(by.to_owned())
                .bind(product.to_string())
                .fetch_optional(self.log().db().reader())
                .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }
}
