//! Countries by name. In: ISO 3166-1 alpha-2 codes. Out: options for a select. The names come
//! from the browser, so that no list of them has to be shipped.

use js_sys::{Array, Function, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

/// Options in the order of their names.
#[component]
pub(crate) fn CountryOptions(
    /// The countries to choose from.
    codes: Vec<String>,
    /// The one that is chosen; empty for none.
    #[prop(into)]
    chosen: Signal<String>,
) -> impl IntoView {
    let mut named: Vec<(String, String)> = codes
        .into_iter()
        .map(|code| (country_name(&code), code))
        .collect();
    named.sort();
    let options = named.into_iter().map(|(name, code)| {
        let value = code.clone();
        view! { <option value=code prop:selected=move || chosen.get() == value>{name}</option> }
    });
    options.collect_view()
}

/// The English name, or the code itself in a browser that knows no names.
pub(crate) fn country_name(code: &str) -> String {
    region_name(code).unwrap_or_else(|| code.to_owned())
}

/// `new Intl.DisplayNames(["en"], {type: "region"}).of(code)`, where the browser has it.
fn region_name(code: &str) -> Option<String> {
    let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let display_names: Function = Reflect::get(&intl, &"DisplayNames".into())
        .ok()?
        .dyn_into()
        .ok()?;
    let options = Object::new();
    Reflect::set(&options, &"type".into(), &"region".into()).ok()?;
    let arguments = Array::of2(&Array::of1(&"en".into()), &options);
    let names = Reflect::construct(&display_names, &arguments).ok()?;
    let of: Function = Reflect::get(&names, &"of".into()).ok()?.dyn_into().ok()?;
    of.call1(&names, &JsValue::from_str(code)).ok()?.as_string()
}
