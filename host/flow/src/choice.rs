//! Choices: policies with a name for each value, as pipeline files and reports have it.

/// Defines a choice: an enum whose values have names. The names of its values are the words of a pipeline file, so that
/// a value and its word are defined together.
#[macro_export]
macro_rules! choice {
    ($(#[$about:meta])* $choice:ident { $($(#[$meaning:meta])* $value:ident = $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $choice {
            $($(#[$meaning])* $value,)*
        }

        impl $choice {
            /// The values with their names.
            pub const VALUES: &'static [(&'static str, Self)] = &[$(($name, Self::$value),)*];
            /// The names.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The value's name in pipeline files and reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)*
                }
            }

            /// Returns the value with this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::VALUES.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
            }
        }
    };
}
