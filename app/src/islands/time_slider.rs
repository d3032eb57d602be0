//! An order through time: its tree of causes, and order, payment and stock as they were after each of its steps. The
//! slider is dragged, stepped by keyboard, or plays. Without the script every step is a link.

use leptos::prelude::*;
use types::log::{Frame, OrderPast, StockThen};

use crate::components::{Story, when};
use crate::live;

/// `step` is the frame to begin with.
#[component]
pub fn TimeSlider(past: OrderPast, step: usize) -> impl IntoView {
    let OrderPast {
        order,
        number,
        head,
        story,
        frames,
    } = past;
    let last = frames.len().saturating_sub(1);
    let step = RwSignal::new(step.min(last));
    let playing = RwSignal::new(false);
    let frames = StoredValue::new(frames);
    let at = move |step: usize| frames.with_value(|frames| frames.get(step).cloned());
    let frame = Memo::new(move |_| at(step.get()));
    let position =
        Signal::derive(move || frame.with(|frame| frame.as_ref().map_or(0, |f| f.position)));
    keep_address(number.clone(), position, frame);
    play(playing, step, last);
    let version = live::desk(order, head);
    let is_old = move || version.get().version > head;
    let address = |at: u64, of: &str| format!("/admin/events?of={of}&at={at}");
    let to = {
        let number = number.clone();
        move |step: Option<usize>| {
            let frame = step.and_then(at)?;
            Some(address(frame.position, &number))
        }
    };
    let (to_earlier, to_later) = (to.clone(), to);
    let earlier = move || step.get().checked_sub(1);
    let later = move || Some(step.get() + 1).filter(|next| *next <= last);
    let go = move |next: Option<usize>| {
        if let Some(next) = next {
            playing.set(false);
            step.set(next);
        }
    };
    let told = move || frame.with(|frame| frame.as_ref().map(words).unwrap_or_default());
    let play_words = move || if playing.get() { "Pause" } else { "Play" };
    let before = Memo::new(move |_| step.get().checked_sub(1).and_then(at));
    let order_facts = move || {
        let known = before.with(|it| it.as_ref().map(|it| it.order.clone()));
        facts(frame.get().map(|it| it.order).unwrap_or_default(), known)
    };
    let payment_facts = move || {
        let known = before.with(|it| it.as_ref().map(|it| it.payment.clone()));
        facts(frame.get().map(|it| it.payment).unwrap_or_default(), known)
    };
    let stock = move || {
        let known = before.with(|it| it.as_ref().map(|it| it.stock.clone()));
        let stock = frame.get().map(|it| it.stock).unwrap_or_default();
        stock
            .into_iter()
            .map(|then| level(then, known.as_deref()))
            .collect_view()
    };
    let newest = format!("/admin/events?of={number}");
    let now = address(head, &number);
    let page = format!("/admin/orders/{order}");
    view! {
        <article class="past time" aria-labelledby="past-title">
            <div class="events__head">
                <h2 id="past-title">"Order " {number.clone()}</h2>
                <p>
                    <a href=page>"The order\u{2019}s page"</a>
                </p>
            </div>
            <p class="past__at">
                <span>{move || format!("As of position {} of {head}", position.get())}</span>
                <span class="time__told">{told}</span>
                <Show when=is_old>
                    <a href=newest.clone()>"More has happened since"</a>
                </Show>
            </p>
            <div class="time__bar">
                <button
                    class="desk-button time__play with-script"
                    type="button"
                    aria-pressed=move || playing.get().to_string()
                    on:click=move |_| {
                        // From the end it begins anew.
                        if !playing.get_untracked() && step.get_untracked() == last {
                            step.set(0);
                        }
                        playing.update(|playing| *playing = !*playing);
                    }
                >
                    {play_words}
                </button>
                <Jump words="Earlier" to=Signal::derive(move || to_earlier(earlier())) go=move || go(earlier()) />
                <input
                    class="time__slider with-script"
                    type="range"
                    aria-label="Moment"
                    min="0"
                    max=last.to_string()
                    step="1"
                    prop:value=move || step.get().to_string()
                    value=step.get_untracked().to_string()
                    aria-valuetext=told
                    on:input=move |event| {
                        go(event_target_value(&event).parse().ok().filter(|next| *next <= last));
                    }
                />
                <Jump words="Later" to=Signal::derive(move || to_later(later())) go=move || go(later()) />
                <Jump words="Now" to=Signal::stored(Some(now)) go=move || go(Some(last)) />
            </div>
            <div class="time__then">
                <section aria-labelledby="then-order">
                    <h3 id="then-order">"Order"</h3>
                    <dl class="time__facts">{order_facts}</dl>
                </section>
                <section aria-labelledby="then-payment">
                    <h3 id="then-payment">"Payment"</h3>
                    <dl class="time__facts">{payment_facts}</dl>
                </section>
                <section aria-labelledby="then-stock">
                    <h3 id="then-stock">"Stock"</h3>
                    <table class="desk-table time__stock">
                        <thead>
                            <tr>
                                <th scope="col">"SKU"</th>
                                <th scope="col" data-number="">"On hand"</th>
                                <th scope="col" data-number="">"Allocated"</th>
                                <th scope="col" data-number="">"Reserved"</th>
                                <th scope="col" data-number="">"Available"</th>
                            </tr>
                        </thead>
                        <tbody>{stock}</tbody>
                    </table>
                </section>
            </div>
            <div on:click=move |event| follow_step(&event, frames, go)>
                <Story story position of=number.clone() />
            </div>
        </article>
    }
}

/// A link to another moment; with the script it moves the slider.
#[component]
fn Jump(
    words: &'static str,
    to: Signal<Option<String>>,
    go: impl Fn() + Copy + Send + 'static,
) -> impl IntoView {
    view! {
        <a
            class="desk-button"
            href=move || to.get()
            aria-disabled=move || to.with(Option::is_none).then_some("true")
            on:click=move |event| {
                event.prevent_default();
                go();
            }
        >
            {words}
        </a>
    }
}

/// `#120 payment.authorized, 10:04:05 UTC`
fn words(frame: &Frame) -> String {
    match frame.at_us {
        Some(at_us) => format!(
            "#{} {}, {} {} UTC",
            frame.position,
            frame.kind,
            when::short_date(at_us),
            when::clock(at_us)
        ),
        None => format!("#{} now", frame.position),
    }
}

fn facts(
    facts: Vec<(String, String)>,
    known: Option<Vec<(String, String)>>,
) -> impl IntoView + use<> {
    let facts = facts.into_iter().map(|(name, value)| {
        let fact = (name, value);
        let is_new = known.as_ref().is_some_and(|known| !known.contains(&fact));
        let (name, value) = fact;
        view! {
            <div>
                <dt>{name}</dt>
                <dd data-changed=is_new.then_some("")>{value}</dd>
            </div>
        }
    });
    facts.collect_view()
}

fn level(then: StockThen, known: Option<&[StockThen]>) -> impl IntoView + use<> {
    let before = known.and_then(|known| known.iter().find(|it| it.sku == then.sku).cloned());
    let cell = |value: i64, of: fn(&StockThen) -> i64| {
        let is_new = before.as_ref().is_some_and(|before| of(before) != value);
        view! { <td data-number="" data-changed=is_new.then_some("")>{value}</td> }
    };
    let cells = (
        cell(then.on_hand, |it| it.on_hand),
        cell(then.allocated, |it| it.allocated),
        cell(then.reserved, |it| it.reserved),
        cell(then.available, |it| it.available),
    );
    view! {
        <tr>
            <th scope="row">{then.sku.to_string()}</th>
            {cells}
        </tr>
    }
}

/// A step of the tree moves the slider to it.
#[cfg(feature = "hydrate")]
fn follow_step(
    event: &leptos::ev::MouseEvent,
    frames: StoredValue<Vec<Frame>>,
    go: impl Fn(Option<usize>),
) {
    use wasm_bindgen::JsCast;

    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let link = target.and_then(|target| target.closest("a[data-step]").ok().flatten());
    let position = link.and_then(|link| link.get_attribute("data-step"));
    let Some(position) = position.and_then(|position| position.parse::<u64>().ok()) else {
        return;
    };
    let step = frames.with_value(|frames| frames.iter().position(|it| it.position == position));
    if step.is_some() && !event.ctrl_key() && !event.meta_key() && !event.shift_key() {
        event.prevent_default();
        go(step);
    }
}

#[cfg(not(feature = "hydrate"))]
fn follow_step(_: &leptos::ev::MouseEvent, _: StoredValue<Vec<Frame>>, _: impl Fn(Option<usize>)) {}

/// The address says what is shown: who loads the page again or hands it on sees the same moment.
#[cfg(feature = "hydrate")]
fn keep_address(number: String, position: Signal<u64>, frame: Memo<Option<Frame>>) {
    use wasm_bindgen::JsValue;

    Effect::new(move |before: Option<()>| {
        let position = position.get();
        let is_now = frame.with(|frame| frame.as_ref().is_some_and(|it| it.at_us.is_none()));
        if before.is_none() {
            return;
        }
        let address = match is_now {
            true => format!("/admin/events?of={number}"),
            false => format!("/admin/events?of={number}&at={position}"),
        };
        if let Ok(history) = window().history() {
            // What the router keeps there stays.
            let state = history.state().unwrap_or(JsValue::NULL);
            let _ = history.replace_state_with_url(&state, "", Some(&address));
        }
    });
}

#[cfg(not(feature = "hydrate"))]
fn keep_address(_: String, _: Signal<u64>, _: Memo<Option<Frame>>) {}

/// Goes on by itself until the end. Who wants less motion gets each step in one piece, and more time for it.
#[cfg(feature = "hydrate")]
fn play(playing: RwSignal<bool>, step: RwSignal<usize>, last: usize) {
    use std::time::Duration;

    let calm = window().match_media("(prefers-reduced-motion: reduce)");
    let is_calm = calm.ok().flatten().is_some_and(|query| query.matches());
    let pause = Duration::from_millis(if is_calm { 2_000 } else { 900 });
    Effect::new(move |_| {
        if !playing.get() {
            return;
        }
        let next = move || {
            let now = step.get_untracked();
            if now >= last {
                playing.set(false);
            } else {
                step.set(now + 1);
            }
        };
        if let Ok(timer) = set_interval(next, pause) {
            on_cleanup(move || timer.clear());
        }
    });
}

#[cfg(not(feature = "hydrate"))]
fn play(_: RwSignal<bool>, _: RwSignal<usize>, _: usize) {}
