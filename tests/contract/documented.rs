//! The contract is written to be read: every item has a documentation comment.

use wit_parser::{Docs, TypeDefKind};

use crate::wit::Contract;

fn check(docs: &Docs, place: String, missing: &mut Vec<String>) {
    let said = docs.contents.as_deref().unwrap_or_default().trim();
    if said.is_empty() {
        missing.push(place);
    }
}

#[test]
fn every_item_is_documented() {
    let contract = Contract::read();
    let mut missing = Vec::new();
    check(&contract.package().docs, "the package".to_owned(), &mut missing);
    for (name, world) in contract.worlds() {
        check(&world.docs, format!("world {name}"), &mut missing);
    }
    for (name, interface) in contract.interfaces() {
        check(&interface.docs, format!("interface {name}"), &mut missing);
        for (function, item) in &interface.functions {
            check(&item.docs, format!("{name}, {function}"), &mut missing);
        }
        for (type_name, id) in &interface.types {
            let item = &contract.resolve.types[*id];
            // A `use` is documented where the type is.
            let borrowed = matches!(&item.kind, TypeDefKind::Type(wit_parser::Type::Id(id))
                if contract.resolve.types[*id].owner != item.owner);
            if !borrowed {
                check(&item.docs, format!("{name}, type {type_name}"), &mut missing);
            }
            let TypeDefKind::Variant(variant) = &item.kind else { continue };
            let of_failures = type_name == "failure";
            for case in variant.cases.iter().filter(|_| of_failures) {
                check(&case.docs, format!("{name}, {type_name}.{}", case.name), &mut missing);
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "without a word");
}
