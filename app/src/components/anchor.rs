//! Ids by which parts of a product's page find one another.

/// The pictures, which follow the chosen metal.
pub const GALLERY: &str = "gallery";
/// The dialog that shows the cart after something was added.
pub const DRAWER: &str = "cart-drawer";
/// The dialog that tells which size fits.
pub const SIZE_GUIDE: &str = "size-guide";
/// The pieces that go with this one.
pub const RELATED: &str = "related";
