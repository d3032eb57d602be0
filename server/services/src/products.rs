//! The catalogue: what is for sale and at what price, changed by staff.

use broker::{Decider, Failure, Filter, NewEvent, Recorded, Rule, States};
use domain::Event;
use domain::catalogue::{self, Product};
use domain::event::{
    PriceChangeRequested, PriceDue, PricePlanWithdrawalRequested, ProductChangeRequested,
    ProductIntroduced, ProductWithdrawalRequested,
};

use crate::events::{decode, encode, encode_all};

#[derive(Debug)]
pub(crate) struct Products;

impl Decider for Products {
    const NAME: &'static str = "catalogue";
    const HEARS: Filter<'static> = Filter(&[Rule::topic(ProductIntroduced::TOPIC).of(&[
        ProductIntroduced::KIND,
        PriceChangeRequested::KIND,
        PriceDue::KIND,
        PricePlanWithdrawalRequested::KIND,
        ProductChangeRequested::KIND,
        ProductWithdrawalRequested::KIND,
    ])]);
    /// By slug.
    type State = Product;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        Ok(vec![event.key.clone()])
    }

    fn decide(
        &self,
        products: &States<Product>,
        event: &Recorded,
    ) -> Result<Vec<NewEvent>, Failure> {
        let product = products.get(&event.key);
        let at_us = event.time_us;
        let decided = match &*decode(event)? {
            Event::PriceChangeRequested(asked) => catalogue::change_price(product, asked, at_us),
            Event::PriceDue(due) => match catalogue::change_planned(product, due, at_us) {
                Some(changed) => changed,
                None => return Ok(Vec::new()),
            },
            Event::PricePlanWithdrawalRequested(asked) => {
                catalogue::withdraw_planned(product, asked)
            }
            Event::ProductChangeRequested(asked) => catalogue::change_product(product, asked),
            Event::ProductWithdrawalRequested(asked) => catalogue::withdraw(product, asked),
            _ => return Ok(Vec::new()),
        };
        encode_all(vec![decided])
    }

    fn evolve(&self, products: &mut States<Product>, event: &Recorded) -> Result<(), Failure> {
        let content = decode(event)?;
        if let Event::ProductIntroduced(introduced) = &*content {
            // Two servers that start at once may both introduce what stands in the tables.
            if products.get(&event.key).is_none() {
                products.put(&event.key, Product::from(introduced));
            }
            return Ok(());
        }
        products.change(&event.key, |product| product.evolve(&content));
        Ok(())
    }

    fn deadline(&self, product: &Product) -> Option<i64> {
        product.deadline()
    }

    fn elapsed(&self, _: &str, product: &Product) -> Result<Option<NewEvent>, Failure> {
        product.elapsed().map(encode).transpose()
    }
}
