//! Code that V8 has made of the package's own JavaScript, between processes: see js/code.js.

use gantry_engine::CacheConfig;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::host::Host;
use crate::settings;

#[napi]
impl Host {
    /// What is kept under a name, empty if there is nothing; null without a cache.
    #[napi]
    pub fn kept_scripts(name: String) -> Option<Buffer> {
        Some(cache()?.scripts(&name).unwrap_or_default().into())
    }

    /// Keeps code under a name.
    #[napi]
    pub fn keep_scripts(name: String, code: Buffer) {
        if let Some(cache) = cache() {
            cache.keep_scripts(&name, &code);
        }
    }
}

/// What is wrong with the settings is said where modules are compiled.
fn cache() -> Option<CacheConfig> {
    settings::config().ok()?.cache
}
