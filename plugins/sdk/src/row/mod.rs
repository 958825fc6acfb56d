//! A transform as a plain function of one row: typed columns in, typed columns out, and rows that are rejected. The macro
//! [`transform!`](crate::transform!) derives the rest from the function's head: description, schema, settings, loop.
//!
//! | module | what it is |
//! |---|---|
//! | `kinds` | the types of columns, as the head names them |
//! | `rejections` | the rows that the function rejects |
//! | `setting` | the types of settings, as the head names them |

mod kinds;
mod rejections;
mod setting;

pub use crate::columns::Number;
pub use kinds::{Boolean, Date, Decimal, Float64, Int64, Read, Text, Timestamp, TimestampUtc, Write};
pub use rejections::{Reject, Rejections, reject};
pub use setting::SettingValue;

/// Makes a plain function of one row the transform of the component. The package's name and version are the plugin's, the
/// comment is its summary, and the columns are read from the head:
///
/// ```
/// wmshost_plugin::transform! {
///     /// Trims the item's description.
///     fn trim(item_description: Text) -> (item_description_clean: Text) {
///         Ok(Output { item_description_clean: item_description.map(|text| text.trim().into()) })
///     }
/// }
/// # fn main() {
/// // The function itself, as in a test.
/// let row = trim(Some("  pallet ")).expect("a row that is kept");
/// assert_eq!(row.item_description_clean.as_deref(), Some("pallet"));
/// # }
/// ```
///
/// A value is an `Option`: `None` is NULL. The types of columns are `Text`, `Int64`, `Number` (an int64 or a decimal,
/// compared by value; only as an input), `Decimal<PRECISION, SCALE>` (only as an output), `Float64`, `Boolean`, `Date`,
/// `Timestamp` and `TimestampUtc`. A column whose name is no identifier follows in parentheses: `item("ITEM#"): Text`. An
/// output of an input's name replaces that column; the others are added after the input's columns. [`reject`] puts the
/// row into quarantine. Settings follow the columns, after a semicolon, each with its comment and, unless it is required,
/// its default; the function gets them as parameters:
///
/// ```
/// wmshost_plugin::transform! {
///     /// Rejects lines that were picked too often.
///     fn overpicked(
///         ordered: Number, picked: Number;
///         /// The most that may be picked beyond the order, in pieces.
///         tolerance: i64 = 0,
///     ) -> (open: Decimal<38, 4>) {
///         let (Some(ordered), Some(picked)) = (ordered, picked) else { return Ok(Output { open: ordered }) };
///         if picked.minus(ordered)? > tolerance.into() {
///             return reject("overpicked", "more was picked than ordered");
///         }
///         Ok(Output { open: Some(ordered.minus(picked)?) })
///     }
/// }
/// # fn main() {
/// assert!(overpicked(Some(5.into()), Some(6.into()), 0).is_err());
/// # }
/// ```
#[macro_export]
macro_rules! transform {
    ($(#[doc = $summary:literal])+ $visibility:vis fn $name:ident(
        $($input:ident $(($from:literal))? : $read:ty),+ $(,)?
        $(; $($(#[doc = $about:literal])+ $setting:ident : $kind:ty $(= $default:expr)?),+ $(,)?)?
    ) -> ($($output:ident $(($to:literal))? : $write:ty),* $(,)?) $body:block) => {
        #[allow(unused_imports, reason = "a transform uses some of the types")]
        use $crate::row::*;

        /// The columns that the transform writes in one row.
        #[allow(non_snake_case, reason = "columns are named as the source names them")]
        #[derive(Debug, Default, PartialEq)]
        pub struct Output {
            $(#[doc = concat!("The column ", stringify!($output), ".")]
            pub $output: Option<<$write as $crate::row::Write>::Value>,)*
        }

        $(#[doc = $summary])+
        #[allow(non_snake_case, clippy::too_many_arguments, reason = "one parameter per column")]
        $visibility fn $name(
            $($input: Option<<$read as $crate::row::Read>::Value<'_>>,)+
            $($($setting: <$kind as $crate::row::SettingValue>::Seen<'_>,)+)?
        ) -> std::result::Result<Output, $crate::row::Reject> $body

        /// The transform: its settings.
        #[derive(Debug)]
        pub struct Plugin {
            $($($setting: $kind,)+)?
        }

        impl $crate::Transform for Plugin {
            fn describe() -> $crate::Description {
                let summary = concat!($($summary),+).trim();
                $crate::Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), summary)
                    $($(.setting(<$kind as $crate::row::SettingValue>::declared(
                        stringify!($setting),
                        concat!($($about),+).trim(),
                    )$(.fallback($crate::row::SettingValue::into_setting(<$kind>::from($default))))?))+)?
            }

            fn new(_settings: &$crate::Settings) -> $crate::Result<Self> {
                Ok(Self {
                    $($($setting: $crate::row::SettingValue::of(_settings, stringify!($setting))?,)+)?
                })
            }

            fn output_schema(&self, input: $crate::contract::types::Schema)
                -> $crate::Result<$crate::contract::types::Schema> {
                let mut expected = $crate::Input::of(&input);
                $(<$read as $crate::row::Read>::expect(&mut expected, $crate::__column!($input $($from)?));)+
                expected.replaced(&[
                    $(($crate::__column!($output $($to)?), <$write as $crate::row::Write>::KIND, true)),*
                ])
            }

            #[allow(non_snake_case, reason = "columns are named as the source names them")]
            fn process(&mut self, rows: $crate::Rows<'_>) -> $crate::Result<()> {
                struct Inputs { $($input: <$read as $crate::row::Read>::Column,)+ }
                struct Outputs { $($output: Vec<Option<<$write as $crate::row::Write>::Value>>,)* }
                let inputs = Inputs {
                    $($input: <$read as $crate::row::Read>::read(&rows, $crate::__column!($input $($from)?))?,)+
                };
                let count = rows.count();
                #[allow(unused_mut, reason = "a transform may have no output")]
                let mut outputs = Outputs { $($output: Vec::with_capacity(count),)* };
                let mut rejections = $crate::row::Rejections::default();
                for row in 0..count {
                    #[allow(unused_variables, reason = "a transform may have no output")]
                    let made = $name(
                        $(<$read as $crate::row::Read>::value(&inputs.$input, row),)+
                        $($($crate::row::SettingValue::seen(&self.$setting),)+)?
                    );
                    #[allow(unused_variables, reason = "a transform may have no output")]
                    let made = rejections.admit(row, made)?;
                    $(outputs.$output.push(made.$output);)*
                }
                $(<$write as $crate::row::Write>::write(
                    outputs.$output, &rows, $crate::__column!($output $($to)?),
                )?;)*
                rejections.apply(rows)
            }
        }

        $crate::export_transform!(Plugin);
    };
}

/// The name of a column in the head of a function.
#[doc(hidden)]
#[macro_export]
macro_rules! __column {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident $column:literal) => {
        $column
    };
}
