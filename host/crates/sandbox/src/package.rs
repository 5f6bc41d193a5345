//! Reads and writes an uploadable file without running it: a component with a manifest in a custom section.

use std::{fmt, ops::Range, str::FromStr};

use sha2::{Digest as _, Sha256};
use wasmparser::{Encoding, Parser, Payload};

use crate::{
    API_VERSION,
    manifest::{Manifest, ManifestError},
};

/// The custom section that holds the manifest, as JSON.
pub const MANIFEST_SECTION: &str = "relevo:manifest";
/// Bytes of an artefact.
pub const MAX_SIZE: usize = 32 << 20;
/// Core modules in an artefact, at any depth.
pub const MAX_MODULES: usize = 64;

const MAX_MANIFEST: usize = 256 << 10;
const PACKAGE: &str = "relevo:flow/";
const IMPORTS: [&str; 9] = ["types", "turn", "events", "actions", "kv", "records", "http", "tickets", "system"];
/// Those with functions, which JavaScript and Python import all.
const FUNCTIONS: [&str; 6] = ["turn", "kv", "records", "http", "tickets", "system"];
/// Those that need a permission, which is called as they are.
const GRANTED: [&str; 3] = ["records", "http", "tickets"];

/// What a file says about itself, read without running it.
#[derive(Clone, Debug)]
pub struct Package {
    pub manifest: Manifest,
    /// Of the whole file, manifest included.
    pub digest: Digest,
    pub size: usize,
    /// The interfaces that it imports, such as `http`. JavaScript and Python import all, used or not.
    pub imports: Vec<String>,
    pub offers_flow: bool,
    pub offers_tools: bool,
    /// Whether it checks its configuration itself.
    pub offers_configuration: bool,
}

/// SHA-256 of an artefact; displayed and parsed as hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// Why a file cannot be a plugin, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("the file has {0} bytes; {MAX_SIZE} at most may be uploaded: build in release mode and strip debug information")]
    TooLarge(usize),
    #[error("the file is no WebAssembly: upload the .wasm that \"relevo plugin pack\" wrote")]
    NotWasm,
    #[error("the file is native code (.cwasm), which is never accepted: upload the .wasm that it was compiled from")]
    Native,
    #[error("the file is a core module, not a component: link it with wasm-component-ld or turn it into one with \"relevo plugin build\"")]
    CoreModule,
    #[error("the file is damaged, build it again: {0}")]
    Damaged(String),
    #[error("the file has more than {MAX_MODULES} core modules or nested components: link it into fewer")]
    TooManyModules,
    #[error("the file has no manifest: write one into it with \"relevo plugin pack\"")]
    NoManifest,
    #[error("the file has more than one manifest: pack the original component again")]
    SeveralManifests,
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("the component imports {0:?}, which plugins do not get: build it without WASI (Rust: wasm32-unknown-unknown, JavaScript and Python: --stub-wasi)")]
    ForeignImport(String),
    #[error("the component was built against {0:?}; this host offers relevo:flow@{API_VERSION}: rebuild it against that version")]
    OtherVersion(String),
    #[error(
        "the component exports neither \"flow\" nor \"tools\" of relevo:flow@{API_VERSION}: build it for the world flow-plugin, tool-plugin or full-plugin"
    )]
    NoExport,
    #[error("the component imports {0:?}, but its manifest asks for no permission of kind {0:?}: add one with its reason, or remove the calls from the plugin")]
    Undeclared(String),
    #[error("the manifest lists tools, but the component does not export \"tools\": build it for the world tool-plugin or full-plugin")]
    NoTools,
}

/// Reads what a file says about itself, and refuses what could not be loaded.
pub fn inspect(wasm: &[u8]) -> Result<Package, PackageError> {
    let outline = Outline::read(wasm)?;
    let manifest = match outline.manifests.as_slice() {
        [] => return Err(PackageError::NoManifest),
        [json] => Manifest::parse(json)?,
        _ => return Err(PackageError::SeveralManifests),
    };
    let imports = outline.imports.into_iter().map(own_import).collect::<Result<Vec<_>, _>>()?;
    let mut package =
        Package { manifest, digest: Digest::of(wasm), size: wasm.len(), imports, offers_flow: false, offers_tools: false, offers_configuration: false };
    for name in outline.exports {
        match own_interface(name) {
            Some(("flow", version)) if version == API_VERSION => package.offers_flow = true,
            Some(("tools", version)) if version == API_VERSION => package.offers_tools = true,
            Some(("configuration", version)) if version == API_VERSION => package.offers_configuration = true,
            Some(_) => return Err(PackageError::OtherVersion(name.to_owned())),
            // What language runtimes leak beside their world ("init", "exports") is never called.
            None => {}
        }
    }
    if !package.offers_flow && !package.offers_tools {
        return Err(PackageError::NoExport);
    }
    if !package.manifest.tools.is_empty() && !package.offers_tools {
        return Err(PackageError::NoTools);
    }
    // Who imports all did not choose to; each call to what was not asked for is denied.
    if !package.imports_all()
        && let Some(import) = package.undeclared().first()
    {
        return Err(PackageError::Undeclared((*import).to_owned()));
    }
    Ok(package)
}

/// Writes a manifest into a component, in place of the one that it may have, and checks the result as an upload would be.
pub fn pack(component: &[u8], manifest: &Manifest) -> Result<Vec<u8>, PackageError> {
    manifest.check()?;
    Outline::read(component)?;
    let json = serde_json::to_vec(manifest).map_err(ManifestError::from)?;
    let mut packed = component[..HEADER].to_vec();
    for section in sections(component) {
        let section = section?;
        if !is_manifest(component, &section) {
            packed.extend_from_slice(&component[section.whole]);
        }
    }
    let mut content = Vec::with_capacity(json.len() + 32);
    write_leb(&mut content, MANIFEST_SECTION.len());
    content.extend_from_slice(MANIFEST_SECTION.as_bytes());
    content.extend_from_slice(&json);
    packed.push(CUSTOM);
    write_leb(&mut packed, content.len());
    packed.extend_from_slice(&content);
    inspect(&packed)?;
    Ok(packed)
}

impl Package {
    /// Imported interfaces that the manifest asks no permission for; every call to them will be denied.
    pub fn undeclared(&self) -> Vec<&str> {
        let declared = |import: &str| self.manifest.permissions.iter().any(|permission| permission.kind() == import);
        self.imports.iter().map(String::as_str).filter(|import| GRANTED.contains(import) && !declared(import)).collect()
    }

    /// Whether it imports the whole contract, as JavaScript and Python do, used or not.
    pub fn imports_all(&self) -> bool {
        FUNCTIONS.iter().all(|function| self.imports.iter().any(|import| import == function))
    }
}

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// The parts of a component that can be judged without validating its code.
#[derive(Default)]
struct Outline<'a> {
    manifests: Vec<&'a [u8]>,
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
}

impl<'a> Outline<'a> {
    fn read(wasm: &'a [u8]) -> Result<Self, PackageError> {
        check_kind(wasm)?;
        let mut outline = Self::default();
        let mut depth = 0_usize;
        let mut inner = 0_usize;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(damaged)? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => return Err(PackageError::CoreModule),
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                    depth += 1;
                    inner += 1;
                    if inner > MAX_MODULES {
                        return Err(PackageError::TooManyModules);
                    }
                }
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST_SECTION => {
                    if section.data().len() > MAX_MANIFEST {
                        return Err(PackageError::Damaged(format!("its manifest has more than {MAX_MANIFEST} bytes")));
                    }
                    outline.manifests.push(section.data());
                }
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        outline.imports.push(import.map_err(damaged)?.name.name);
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        outline.exports.push(export.map_err(damaged)?.name.name);
                    }
                }
                _ => {}
            }
        }
        Ok(outline)
    }
}

fn check_kind(wasm: &[u8]) -> Result<(), PackageError> {
    if wasm.len() > MAX_SIZE {
        return Err(PackageError::TooLarge(wasm.len()));
    }
    match wasm.get(..HEADER) {
        Some([0x7f, b'E', b'L', b'F', ..]) => Err(PackageError::Native),
        Some([0, b'a', b's', b'm', _, _, 0, 0]) => Err(PackageError::CoreModule),
        Some([0, b'a', b's', b'm', ..]) => Ok(()),
        _ => Err(PackageError::NotWasm),
    }
}

fn damaged(error: wasmparser::BinaryReaderError) -> PackageError {
    PackageError::Damaged(error.to_string())
}

/// The interface that an import names, if it is one of this version of the contract.
fn own_import(name: &str) -> Result<String, PackageError> {
    match own_interface(name) {
        Some((interface, version)) if version == API_VERSION && IMPORTS.contains(&interface) => Ok(interface.to_owned()),
        Some(_) => Err(PackageError::OtherVersion(name.to_owned())),
        None => Err(PackageError::ForeignImport(name.to_owned())),
    }
}

/// `relevo:flow/kv@1.0.0` as `kv` and `1.0.0`; nothing if it is of another package.
fn own_interface(name: &str) -> Option<(&str, &str)> {
    let own = name.strip_prefix(PACKAGE)?;
    Some(own.split_once('@').unwrap_or((own, "")))
}

const HEADER: usize = 8;
const CUSTOM: u8 = 0;

/// One section of the outermost level: `whole` with its head, `content` without.
struct Section {
    id: u8,
    whole: Range<usize>,
    content: Range<usize>,
}

/// wasmparser does not tell where a section's head begins, which replacing a section needs.
fn sections(wasm: &[u8]) -> impl Iterator<Item = Result<Section, PackageError>> {
    let mut at = HEADER;
    std::iter::from_fn(move || {
        let id = *wasm.get(at)?;
        let section = read_leb(wasm, at + 1).and_then(|(size, start)| {
            let end = start.checked_add(size).filter(|end| *end <= wasm.len())?;
            Some(Section { id, whole: at..end, content: start..end })
        });
        at = section.as_ref().map_or(wasm.len(), |section| section.whole.end);
        Some(section.ok_or_else(|| PackageError::Damaged("a section ends beyond the file".into())))
    })
}

fn is_manifest(wasm: &[u8], section: &Section) -> bool {
    let name = read_leb(&wasm[..section.content.end], section.content.start).and_then(|(size, start)| wasm.get(start..start.checked_add(size)?));
    section.id == CUSTOM && name == Some(MANIFEST_SECTION.as_bytes())
}

/// An unsigned 32-bit LEB128 number and where it ends.
fn read_leb(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut number = 0_u64;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((usize::try_from(number).ok()?, at));
        }
    }
    None
}

fn write_leb(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}
