//! Import maps, case by case after the HTML standard's text.
//! <https://html.spec.whatwg.org/multipage/webappapis.html#import-maps>

use gantry_resolve::{Code, ImportMap, Url};

const BASE: &str = "https://example.com/app/index.html";
const SCRIPT: &str = "https://example.com/js/app.mjs";

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn parse(text: &str) -> (ImportMap, Vec<String>) {
    ImportMap::parse(text, &url(BASE)).unwrap()
}

/// The URL, `bare` for what only a host could resolve, or `error`.
fn resolve(map: &ImportMap, specifier: &str, importer: &str) -> String {
    match map.resolve(specifier, &url(importer)) {
        Ok(Some(url)) => url.into(),
        Ok(None) => "bare".to_owned(),
        Err(error) => {
            assert_eq!(error.code(), Code::ImportMap);
            "error".to_owned()
        }
    }
}

fn check(map: &str, importer: &str, cases: &[(&str, &str)]) {
    let (map, _) = parse(map);
    for (specifier, expected) in cases {
        assert_eq!(resolve(&map, specifier, importer), *expected, "{specifier} in {importer}");
    }
}

#[test]
fn without_entries_only_url_like_specifiers_resolve() {
    let cases = [
        ("./foo", "https://example.com/js/foo"),
        ("../foo", "https://example.com/foo"),
        ("/foo", "https://example.com/foo"),
        ("./foo/../bar", "https://example.com/js/bar"),
        ("./../foo", "https://example.com/foo"),
        ("../../../foo", "https://example.com/foo"),
        ("./foo?a#b", "https://example.com/js/foo?a#b"),
        ("//host/x", "https://host/x"),
        ("https://EXAMPLE.net/a b", "https://example.net/a%20b"),
        ("https:%20fetch", "bare"),
        ("http:foo", "http://foo/"),
        ("data:text/javascript,1", "data:text/javascript,1"),
        ("about:fetch-scheme", "about:fetch-scheme"),
        ("node:fs", "node:fs"),
        ("foo", "bare"),
        ("foo/bar", "bare"),
        (".foo", "bare"),
        ("~foo", "bare"),
        ("\\foo", "bare"),
        ("%2E/x", "bare"),
        ("", "bare"),
        ("https://f oo", "bare"),
    ];
    check("{}", SCRIPT, &cases);
}

#[test]
fn bare_specifiers_and_prefixes() {
    let map = r#"{ "imports": {
        "moment": "/node_modules/moment/src/moment.js",
        "moment/": "/node_modules/moment/src/",
        "lodash-dot": "./node_modules/lodash-es/lodash.js",
        "lodash-dot/": "./node_modules/lodash-es/",
        "lodash-dotdot": "../node_modules/lodash-es/lodash.js",
        "nowhere/": "/node_modules/nowhere/",
        "mapped/": "https://cdn.example/x/",
        "mapped/path/": "https://cdn.example/y/",
        "mapped/non-ascii-😁/": "./e/",
        "": "./never.js"
    } }"#;
    let cases = [
        ("moment", "https://example.com/node_modules/moment/src/moment.js"),
        ("moment/foo", "https://example.com/node_modules/moment/src/foo"),
        ("moment/foo?x#y", "https://example.com/node_modules/moment/src/foo?x#y"),
        ("moment/", "https://example.com/node_modules/moment/src/"),
        ("lodash-dot", "https://example.com/app/node_modules/lodash-es/lodash.js"),
        ("lodash-dot/foo", "https://example.com/app/node_modules/lodash-es/foo"),
        ("lodash-dotdot", "https://example.com/node_modules/lodash-es/lodash.js"),
        ("nowhere", "bare"),
        ("Moment", "bare"),
        ("mapped/a", "https://cdn.example/x/a"),
        ("mapped/path/a", "https://cdn.example/y/a"),
        ("mapped/path", "https://cdn.example/x/path"),
        ("mapped/non-ascii-😁/a", "https://example.com/app/e/a"),
        // Parts after a prefix that lead out of its address.
        ("moment/../outside", "error"),
        ("moment/%2E%2E/outside", "error"),
        ("moment//inside", "error"),
        ("moment//../outside", "error"),
        ("mapped//host/x", "error"),
        ("moment/https://other/", "error"),
        ("moment/./x", "https://example.com/node_modules/moment/src/x"),
        ("moment/a/../x", "https://example.com/node_modules/moment/src/x"),
    ];
    check(map, SCRIPT, &cases);
}

#[test]
fn url_like_keys_are_normalized() {
    let map = r#"{ "imports": {
        "/lib/foo.mjs": "./more/bar.mjs",
        "./dotrelative/foo.mjs": "/lib/dot.mjs",
        "../dotdotrelative/foo.mjs": "/lib/dotdot.mjs",
        "/": "/lib/slash-only/",
        "./": "/lib/dotslash-only/",
        "/test": "/lib/test1.mjs",
        "../test": "/lib/test2.mjs",
        "https://example.org:443/x": "/lib/port.mjs",
        "data:text/": "/lib/test-data/",
        "about:text/": "/lib/test-about/",
        "blob:text/": "/lib/test-blob/",
        "blah:text/": "/lib/test-blah/",
        "http:text/": "/lib/test-http/",
        "https:text/": "/lib/test-https/",
        "file:text/": "/lib/test-file/",
        "ftp:text/": "/lib/test-ftp/",
        "ws:text/": "/lib/test-ws/",
        "wss:text/": "/lib/test-wss/"
    } }"#;
    let cases = [
        ("https://example.com/lib/foo.mjs", "https://example.com/app/more/bar.mjs"),
        ("/lib/foo.mjs", "https://example.com/app/more/bar.mjs"),
        ("../lib/foo.mjs", "https://example.com/app/more/bar.mjs"),
        ("/app/dotrelative/foo.mjs", "https://example.com/lib/dot.mjs"),
        ("/dotdotrelative/foo.mjs", "https://example.com/lib/dotdot.mjs"),
        ("/foo", "https://example.com/lib/slash-only/foo"),
        ("/app/foo", "https://example.com/lib/dotslash-only/foo"),
        // Two keys that are the same URL: the later wins.
        ("/test", "https://example.com/lib/test2.mjs"),
        ("https://example.org/x", "https://example.com/lib/port.mjs"),
        // Prefixes hold for special schemes only.
        ("data:text/javascript,x", "data:text/javascript,x"),
        ("about:text/foo", "about:text/foo"),
        ("blob:text/foo", "blob:text/foo"),
        ("blah:text/foo", "blah:text/foo"),
        ("data:text/", "https://example.com/lib/test-data/"),
        ("http:text/foo", "https://example.com/lib/test-http/foo"),
        ("https:text/foo", "https://example.com/lib/test-https/foo"),
        ("file:text/foo", "https://example.com/lib/test-file/foo"),
        ("ftp:text/foo", "https://example.com/lib/test-ftp/foo"),
        ("ws:text/foo", "https://example.com/lib/test-ws/foo"),
        ("wss:text/foo", "https://example.com/lib/test-wss/foo"),
    ];
    check(map, SCRIPT, &cases);
}

#[test]
fn longer_keys_come_before_their_prefixes() {
    let map = r#"{ "imports": { "a": "/1", "a/": "/2/", "a/b": "/3", "a/b/": "/4/", "a/b/c": "/5" } }"#;
    let cases = [
        ("a", "https://example.com/1"),
        ("a/", "https://example.com/2/"),
        ("a/x", "https://example.com/2/x"),
        ("a/b", "https://example.com/3"),
        ("a/b/", "https://example.com/4/"),
        ("a/b/c", "https://example.com/5"),
        ("a/b/c/d", "https://example.com/4/c/d"),
    ];
    check(map, SCRIPT, &cases);
}

#[test]
fn null_and_invalid_addresses_block() {
    let map = r#"{ "imports": {
        "null": null, "number": 7, "object": {}, "array": ["/x"], "bare": "other", "empty": "",
        "prefix/": "/no/slash", "open/": "/open/", "open/closed": null, "open/shut/": null,
        "/url": null, "https://a b": "/x", "bad": "https://:invalid"
    } }"#;
    let cases = [
        ("null", "error"),
        ("number", "error"),
        ("object", "error"),
        ("array", "error"),
        ("bare", "error"),
        ("empty", "error"),
        ("bad", "error"),
        ("prefix/x", "error"),
        ("open/x", "https://example.com/open/x"),
        ("open/closed", "error"),
        ("open/shut/x", "error"),
        ("/url", "error"),
        ("https://a b", "https://example.com/x"),
    ];
    check(map, SCRIPT, &cases);
    let (_, warnings) = parse(map);
    for key in ["null", "number", "object", "array", "bare", "empty", "bad", "prefix/", "open/closed", "/url"] {
        assert!(warnings.iter().any(|it| it.contains(&format!("\"{key}\""))), "{key}: {warnings:?}");
    }
}

#[test]
fn scopes() {
    let map = r#"{
        "imports": { "a": "/a-1.mjs", "b": "/b-1.mjs", "c": "/c-1.mjs", "d": "/d-1.mjs" },
        "scopes": {
            "/scope2/": { "a": "/a-2.mjs", "d": "/d-2.mjs" },
            "/scope2/scope3/": { "b": "/b-3.mjs", "d": "/d-3.mjs" },
            "/exact.mjs": { "a": "/a-exact.mjs" },
            "/noslash": { "a": "/a-noslash.mjs" },
            "./relative/": { "a": "/a-relative.mjs" },
            "": { "c": "/c-base.mjs" },
            "/blocked/": { "a": null },
            "https://[": { "a": "/never.mjs" },
            "about:": { "a": "/about.mjs" }
        }
    }"#;
    let at = |path: &str| format!("https://example.com{path}");
    for (importer, specifier, expected) in [
        ("/scope1/foo.mjs", "a", "/a-1.mjs"),
        ("/scope2/foo.mjs", "a", "/a-2.mjs"),
        ("/scope2/foo.mjs", "b", "/b-1.mjs"),
        ("/scope2/foo.mjs", "d", "/d-2.mjs"),
        ("/scope2/scope3/foo.mjs", "a", "/a-2.mjs"),
        ("/scope2/scope3/foo.mjs", "b", "/b-3.mjs"),
        ("/scope2/scope3/foo.mjs", "c", "/c-1.mjs"),
        ("/scope2/scope3/foo.mjs", "d", "/d-3.mjs"),
        ("/scope2", "a", "/a-1.mjs"),
        ("/exact.mjs", "a", "/a-exact.mjs"),
        ("/exact.mjs/inside", "a", "/a-1.mjs"),
        ("/noslash", "a", "/a-noslash.mjs"),
        ("/noslash/x", "a", "/a-1.mjs"),
        ("/app/relative/x.mjs", "a", "/a-relative.mjs"),
        ("/app/index.html", "c", "/c-base.mjs"),
    ] {
        let (parsed, _) = parse(map);
        assert_eq!(resolve(&parsed, specifier, &at(importer)), at(expected), "{specifier} in {importer}");
    }
    let (parsed, warnings) = parse(map);
    assert_eq!(resolve(&parsed, "a", &at("/blocked/x.mjs")), "error");
    assert!(warnings.iter().any(|it| it.contains("https://[")), "{warnings:?}");
}

#[test]
fn parts_must_be_objects() {
    for (text, what) in [
        ("null", "the import map"),
        ("[]", "the import map"),
        ("\"x\"", "the import map"),
        (r#"{ "imports": null }"#, "imports"),
        (r#"{ "imports": [] }"#, "imports"),
        (r#"{ "scopes": 1 }"#, "scopes"),
        (r#"{ "scopes": { "/x/": "no" } }"#, "/x/"),
        (r#"{ "integrity": true }"#, "integrity"),
    ] {
        let error = ImportMap::parse(text, &url(BASE)).unwrap_err();
        assert_eq!(error.code(), Code::InvalidMap);
        assert!(error.to_string().contains(what) && error.to_string().contains(BASE), "{error}");
    }
    let (_, warnings) = parse(r#"{ "imports": {}, "depcache": {} }"#);
    assert!(warnings[0].contains("depcache"));
}

#[test]
fn bad_json_is_reported_with_its_line() {
    let text = "{\n  \"imports\": {\n    \"a\": ./a.mjs\n  }\n}";
    let error = ImportMap::parse(text, &url("file:///app/map.json")).unwrap_err().to_string();
    assert!(error.contains("file:///app/map.json:3:") && error.contains("\"a\": ./a.mjs"), "{error}");
}

#[test]
fn integrity() {
    let map = r#"{ "imports": { "a": "/a.mjs" }, "integrity": {
        "/a.mjs": "sha384-A", "./b.mjs": "sha384-B", "https://cdn.example/c": "", "bare": "sha384-X", "/n": 1
    } }"#;
    let (parsed, warnings) = parse(map);
    assert_eq!(parsed.integrity(&url("https://example.com/a.mjs")), "sha384-A");
    assert_eq!(parsed.integrity(&url("https://example.com/app/b.mjs")), "sha384-B");
    assert_eq!(parsed.integrity(&url("https://example.com/other")), "");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}

#[test]
fn merging_keeps_what_is_there() {
    let (mut map, _) =
        parse(r#"{ "imports": { "a": "/1" }, "scopes": { "/s/": { "b": "/2" } }, "integrity": { "/1": "sha384-1" } }"#);
    let (later, _) = parse(
        r#"{ "imports": { "a": "/other", "a/b": "/3" }, "scopes": { "/s/": { "b": "/other", "c": "/4" }, "/t/": { "a": "/5" } },
             "integrity": { "/1": "sha384-other", "/3": "sha384-3" } }"#,
    );
    let warnings = map.merge(later, &[]);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert_eq!(resolve(&map, "a", SCRIPT), "https://example.com/1");
    assert_eq!(resolve(&map, "a/b", SCRIPT), "https://example.com/3");
    assert_eq!(resolve(&map, "b", "https://example.com/s/x"), "https://example.com/2");
    assert_eq!(resolve(&map, "c", "https://example.com/s/x"), "https://example.com/4");
    assert_eq!(resolve(&map, "a", "https://example.com/t/x"), "https://example.com/5");
    assert_eq!(map.integrity(&url("https://example.com/1")), "sha384-1");
    assert_eq!(map.integrity(&url("https://example.com/3")), "sha384-3");
}

#[test]
fn merging_does_not_change_what_was_resolved() {
    let mut map = ImportMap::default();
    let resolved = [
        ImportMap::record("./x.mjs", &url("https://example.com/s/app.mjs")),
        ImportMap::record("pkg/sub", &url("https://example.com/s/app.mjs")),
    ];
    let (later, _) = parse(
        r#"{ "imports": { "/s/x.mjs": "/never", "pkg/sub": "/never", "pkg/": "/pkg/", "other": "/other" },
             "scopes": { "/s/": { "pkg/": "/never/", "pkg": "/pkg", "/s/x.mjs": "/never" }, "/t/": { "pkg/": "/t/" } } }"#,
    );
    let warnings = map.merge(later, &resolved);
    assert_eq!(warnings.len(), 4, "{warnings:?}");
    let in_s = "https://example.com/s/app.mjs";
    assert_eq!(resolve(&map, "./x.mjs", in_s), "https://example.com/s/x.mjs");
    assert_eq!(resolve(&map, "pkg", in_s), "https://example.com/pkg");
    assert_eq!(resolve(&map, "pkg/other", SCRIPT), "https://example.com/pkg/other");
    assert_eq!(resolve(&map, "pkg/other", "https://example.com/t/x"), "https://example.com/t/other");
    assert_eq!(resolve(&map, "other", SCRIPT), "https://example.com/other");
}
