//! Components made of others by writing over their bytes: texts of the same length, so that nothing else moves.

/// The beginning of the names of the contract's interfaces.
const PACKAGE: &[u8] = b"wmshost:plugin/";

/// The component, built for another version of the contract as far as the names of its interfaces say. The version is as
/// long as that of the component.
pub fn with_contract_version(component: &[u8], version: &str) -> Vec<u8> {
    let mut changed = component.to_vec();
    let mut found = 0;
    for at in 0..changed.len() - PACKAGE.len() {
        if !changed[at..].starts_with(PACKAGE) {
            continue;
        }
        let name = changed[at + PACKAGE.len()..].iter().position(|byte| !byte.is_ascii_lowercase());
        let Some(start) = name.map(|name| at + PACKAGE.len() + name + 1) else { continue };
        if changed[start - 1] == b'@' {
            changed[start..start + version.len()].copy_from_slice(version.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "the component names its contract");
    changed
}

/// The component with each of these texts replaced by another one of the same length.
pub fn with_text(component: &[u8], text: &str, other: &str) -> Vec<u8> {
    assert_eq!(text.len(), other.len());
    let mut changed = component.to_vec();
    let mut found = 0;
    for at in 0..=changed.len() - text.len() {
        if changed[at..].starts_with(text.as_bytes()) {
            changed[at..at + text.len()].copy_from_slice(other.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "the component has no {text}");
    changed
}
