//! Responses that were compiled before, found by what they say of themselves.

use napi::Env;
use napi::bindgen_prelude::{External, Object};
use napi_derive::napi;

use crate::host::Host;
use crate::module::{Compiled, runtime};
use crate::settings::engine;

#[napi]
impl Host {
    /// Looks on other threads for the module that a response had. The promise is for something to pass to `adopt`, or null.
    #[napi]
    pub fn recall_response<'e>(&self, env: &'e Env, name: String) -> napi::Result<Object<'e>> {
        let (deferred, promise) = env.create_deferred()?;
        runtime()?.spawn_blocking(move || {
            let found = engine().map(|engine| engine.recall(&name));
            deferred.resolve(move |_env| Ok(found?.map(|module| External::new(Compiled(module)))));
        });
        Ok(promise)
    }

    /// Notes which module a response had.
    #[napi]
    pub fn remember_response(&self, name: String, module: u32) -> napi::Result<()> {
        engine()?.remember(&name, &self.state.modules[module as usize]);
        Ok(())
    }
}
