//! The relations and columns that are visible at a place of a SELECT. A SELECT sees the relations of its FROM and those of
//! the queries around it; a subquery in FROM does not see the relations beside it. All names are as the database
//! understands them ([`Dialect::understood`](crate::Dialect::understood)).

/// The columns of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// Exactly these.
    Known(Vec<String>),
    /// Some that the text does not show.
    Unknown,
}

impl Columns {
    fn may_have(&self, name: &str) -> bool {
        match self {
            Self::Known(names) => names.iter().any(|known| known == name),
            Self::Unknown => true,
        }
    }
}

/// A table or a subquery in a FROM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The name before the point of its columns, if it has one.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Columns,
}

#[derive(Debug)]
struct Scope {
    relations: Vec<Relation>,
    /// The number of scopes around it that are not visible from within, the innermost first.
    hidden: usize,
}

/// The scopes around a place, the innermost last.
#[derive(Debug, Default)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Enters a scope with these relations.
    pub fn enter(&mut self, relations: Vec<Relation>) {
        self.enter_blind(relations, 0);
    }

    /// Enters a scope from which this number of scopes around it, the innermost first, is not visible.
    pub fn enter_blind(&mut self, relations: Vec<Relation>, hidden: usize) {
        self.0.push(Scope { relations, hidden });
    }

    /// Leaves the innermost scope.
    pub fn leave(&mut self) {
        self.0.pop();
    }

    /// Returns the number of scopes.
    pub fn depth(&self) -> usize {
        self.0.len()
    }

    /// Leaves all scopes but the outermost `depth`.
    pub fn leave_to(&mut self, depth: usize) {
        self.0.truncate(depth);
    }

    /// Returns the relations of the innermost scope.
    pub fn innermost(&self) -> &[Relation] {
        self.0.last().map_or(&[], |scope| &scope.relations)
    }

    /// Returns whether a visible relation has this name.
    pub fn is_relation(&self, name: &str) -> bool {
        self.visible().any(|relation| relation.name.as_deref() == Some(name))
    }

    /// Returns whether a bare word can be a column of a visible relation.
    pub fn may_be_column(&self, name: &str) -> bool {
        self.visible().any(|relation| relation.columns.may_have(name))
    }

    /// Returns whether a visible relation of this name can have such a column.
    pub fn may_be_column_of(&self, relation: &str, name: &str) -> bool {
        self.visible().any(|known| known.name.as_deref() == Some(relation) && known.columns.may_have(name))
    }

    /// The visible relations, the innermost first.
    fn visible(&self) -> impl Iterator<Item = &Relation> {
        let mut hidden = 0;
        let scopes = self.0.iter().rev().filter(move |scope| {
            let is_visible = hidden == 0;
            hidden = scope.hidden.max(usize::saturating_sub(hidden, 1));
            is_visible
        });
        scopes.flat_map(|scope| &scope.relations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(name: &str, columns: Columns) -> Relation {
        Relation { name: Some(name.to_owned()), columns }
    }

    #[test]
    fn a_subquery_sees_what_is_around_it_and_not_what_is_beside_it() {
        let mut scopes = Scopes::default();
        scopes.enter(vec![relation("OUTER", Columns::Known(vec!["A".to_owned()]))]);
        scopes.enter(vec![relation("BESIDE", Columns::Unknown)]);
        assert!(scopes.is_relation("OUTER") && scopes.is_relation("BESIDE") && scopes.may_be_column("ANY"));
        scopes.enter_blind(vec![relation("OWN", Columns::Known(Vec::new()))], 1);
        assert!(scopes.is_relation("OUTER") && scopes.is_relation("OWN") && !scopes.is_relation("BESIDE"));
        assert!(scopes.may_be_column("A") && !scopes.may_be_column("B"));
        assert!(scopes.may_be_column_of("OUTER", "A") && !scopes.may_be_column_of("OWN", "A"));
        scopes.leave();
        assert!(scopes.may_be_column_of("BESIDE", "B"));
    }
}
