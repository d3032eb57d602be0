//! A product's pictures: side by side to be swiped, small ones below, and all of them large in a dialog.

use leptos::prelude::*;
use types::catalogue::Image;

use super::picture::Place;
use super::{Picture, anchor};

const ZOOM_ID: &str = "zoom";

/// The pictures side by side; one fills the space and the others are a swipe or a press away.
///
/// One stop on the way by keyboard: from there the dialog shows every picture, with arrow keys.
#[component]
pub fn Gallery(images: Vec<Image>) -> impl IntoView {
    let count = images.len();
    let thumbs = images.iter().enumerate().map(|(i, image)| {
        view! {
            <li>
                <a
                    href=format!("#picture-{}", i + 1)
                    tabindex="-1"
                    aria-current=(i == 0).then_some("true")
                >
                    <Picture image=image.clone() decorative=true place=Place::Thumb />
                </a>
            </li>
        }
    });
    // The same for those who see; everybody else has the pictures themselves.
    let thumbs = (count > 1).then(|| {
        view! {
            <ul class="thumbs" aria-hidden="true">
                {thumbs.collect_view()}
            </ul>
        }
    });
    let figures = images.iter().cloned().enumerate().map(|(i, image)| {
        let (metal, src) = (image.metal.clone(), image.src.clone());
        let label = match count {
            1 => "Enlarge the picture".to_owned(),
            n => format!("Enlarge picture {} of {n}", i + 1),
        };
        view! {
            <figure class="gallery__picture" id=format!("picture-{}", i + 1) data-metal=metal>
                <Picture image eager=i == 0 place=Place::Gallery />
                <a
                    class="gallery__open"
                    href=src
                    aria-label=label
                    tabindex=(i > 0).then_some("-1")
                    data-dialog=ZOOM_ID
                    data-part=format!("{ZOOM_ID}-{}", i + 1)
                ></a>
            </figure>
        }
    });
    let figures = figures.collect_view();
    let large = images.iter().cloned().enumerate().map(|(i, image)| {
        let label = format!("Enlarge further: picture {}", i + 1);
        view! {
            <figure class="zoom__picture" id=format!("{ZOOM_ID}-{}", i + 1)>
                <label>
                    <input type="checkbox" class="zoom__more" aria-label=label />
                    <Picture image place=Place::Full />
                </label>
            </figure>
        }
    });
    let large = large.collect_view();
    view! {
        <div class="gallery" data-live="">
            <div class="gallery__row" id=anchor::GALLERY role="group" aria-label="Pictures">
                {figures}
            </div>
            {thumbs}
            <dialog class="zoom" id=ZOOM_ID aria-label="Pictures, enlarged" closedby="any">
                <div
                    class="zoom__row"
                    role="group"
                    aria-label="Pictures; arrow keys show the next one"
                    tabindex="0"
                    autofocus=true
                >
                    {large}
                </div>
                <form method="dialog">
                    <button class="dialog-close" aria-label="Close"></button>
                </form>
            </dialog>
        </div>
    }
}
