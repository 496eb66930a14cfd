//! How the engine of the process is set up: by environment variables, and by programs before they use it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use gantry_engine::{CacheConfig, Config, Engine, Tier};
use napi_derive::napi;
use once_cell::sync::OnceCell;

use crate::host::Host;

/// What a program has chosen instead of environment variables: see js/configure.js.
#[napi(object)]
#[derive(Default)]
pub struct Settings {
    pub threads: Option<u32>,
    /// A folder, or nothing in it for none.
    pub cache: Option<String>,
    /// MiB.
    pub cache_size: Option<u32>,
    pub tier: Option<String>,
}

static ENGINE: OnceCell<Engine> = OnceCell::new();
static CHOSEN: Mutex<Settings> = Mutex::new(Settings { threads: None, cache: None, cache_size: None, tier: None });

fn chosen() -> MutexGuard<'static, Settings> {
    CHOSEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The engine of the process.
pub(crate) fn engine() -> napi::Result<&'static Engine> {
    if let Some(engine) = ENGINE.get() {
        return Ok(engine);
    }
    // Held until it is there: from then on nothing can be chosen.
    let chosen = chosen();
    let make = || Engine::new(&chosen.config()?).map_err(|error| error.to_string());
    ENGINE.get_or_try_init(make).map_err(napi::Error::from_reason)
}

/// How the engine is, or will be.
pub(crate) fn config() -> Result<Config, String> {
    chosen().config()
}

#[napi]
impl Host {
    /// Chooses what `settings` say. Returns whether it is soon enough.
    #[napi]
    pub fn configure(settings: Settings) -> bool {
        let mut chosen = chosen();
        if ENGINE.get().is_some() {
            return false;
        }
        let before = std::mem::take(&mut *chosen);
        *chosen = Settings {
            threads: settings.threads.or(before.threads),
            cache: settings.cache.or(before.cache),
            cache_size: settings.cache_size.or(before.cache_size),
            tier: settings.tier.or(before.tier),
        };
        true
    }
}

impl Settings {
    /// Where nothing is chosen, `GANTRY_CACHE` is a folder, or `off`; `GANTRY_CACHE_SIZE` its size in MiB at most;
    /// `GANTRY_THREADS` the number of threads that compile; `GANTRY_TIER` is `auto`, `quick` or `optimized`.
    fn config(&self) -> Result<Config, String> {
        let mut config = Config::default();
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
        if let Some(threads) = self.threads.or_else(|| number("GANTRY_THREADS")) {
            config.threads = threads as usize;
        }
        if let Some(tier) = self.tier.clone().or_else(|| std::env::var("GANTRY_TIER").ok()) {
            config.tier = tier.parse::<Tier>().map_err(|error| format!("GANTRY_TIER: {error}"))?;
        }
        config.cache = match self.cache.clone().map(Into::into).or_else(|| std::env::var_os("GANTRY_CACHE")) {
            None => CacheConfig::platform(),
            Some(value) if value.is_empty() || value == "off" && self.cache.is_none() => None,
            Some(dir) => Some(CacheConfig::new(dir)),
        };
        if let (Some(cache), Some(size)) = (&mut config.cache, self.cache_size.or_else(|| number("GANTRY_CACHE_SIZE")))
        {
            cache.max_bytes = u64::from(size) << 20;
        }
        Ok(config)
    }
}
