//! Columns whose type differs between the databases, and which are read as one.

use saga::Timestamp;
use sqlx::error::BoxDynError;
use sqlx::{Decode, Type};

/// A time: text in SQLite, `timestamptz` in PostgreSQL.
pub(crate) enum Moment {
    #[cfg(feature = "sqlite")]
    Written(String),
    #[cfg(feature = "postgres")]
    Kept(Timestamp),
}

impl Moment {
    /// What it says, or why it says nothing.
    pub(crate) fn read(&self) -> Result<Timestamp, String> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Written(text) => {
                crate::codec::read_time(text).ok_or_else(|| format!("`{text}` is not a time"))
            }
            #[cfg(feature = "postgres")]
            Self::Kept(time) => Ok(*time),
        }
    }
}

/// A JSON text: text in SQLite, `json` in PostgreSQL.
pub(crate) struct Text(pub(crate) String);

/// An integer of any width.
#[derive(Clone, Copy)]
pub(crate) struct Number(pub(crate) i64);

#[cfg(feature = "sqlite")]
mod sqlite {
    use sqlx::{Database, Sqlite};

    use super::*;

    /// As another type that the driver knows.
    macro_rules! read_as {
        ($cell:ty, $known:ty, $make:expr) => {
            impl Type<Sqlite> for $cell {
                fn type_info() -> <Sqlite as Database>::TypeInfo {
                    <$known as Type<Sqlite>>::type_info()
                }
                fn compatible(found: &<Sqlite as Database>::TypeInfo) -> bool {
                    <$known as Type<Sqlite>>::compatible(found)
                }
            }
            impl<'r> Decode<'r, Sqlite> for $cell {
                fn decode(value: <Sqlite as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                    <$known as Decode<'r, Sqlite>>::decode(value).map($make)
                }
            }
        };
    }
    read_as!(Moment, String, Moment::Written);
    read_as!(Text, String, Text);
    read_as!(Number, i64, Number);
}

#[cfg(feature = "postgres")]
mod postgres {
    use sqlx::Postgres;
    use sqlx::postgres::types::Oid;
    use sqlx::postgres::{PgTypeInfo, PgValueFormat, PgValueRef};

    use super::*;

    const JSON: Oid = Oid(114);
    const TIMESTAMPTZ: Oid = Oid(1184);
    /// From 1970 to 2000, where PostgreSQL begins to count.
    const EPOCH: i64 = 946_684_800_000_000;

    impl Type<Postgres> for Moment {
        fn type_info() -> PgTypeInfo {
            PgTypeInfo::with_oid(TIMESTAMPTZ)
        }
    }
    impl<'r> Decode<'r, Postgres> for Moment {
        fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
            match value.format() {
                PgValueFormat::Binary => {
                    let micros = i64::from_be_bytes(value.as_bytes()?.try_into()?);
                    Ok(Self::Kept(Timestamp::from_micros(micros.saturating_add(EPOCH))))
                }
                PgValueFormat::Text => Err("a time came as text".into()),
            }
        }
    }

    impl Type<Postgres> for Text {
        fn type_info() -> PgTypeInfo {
            PgTypeInfo::with_oid(JSON)
        }
    }
    impl<'r> Decode<'r, Postgres> for Text {
        fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
            Ok(Self(value.as_str()?.to_owned()))
        }
    }

    impl Type<Postgres> for Number {
        fn type_info() -> PgTypeInfo {
            <i64 as Type<Postgres>>::type_info()
        }
        fn compatible(found: &PgTypeInfo) -> bool {
            [<i32 as Type<Postgres>>::type_info(), <i64 as Type<Postgres>>::type_info()].contains(found)
        }
    }
    impl<'r> Decode<'r, Postgres> for Number {
        fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
            // It reads whatever width there is.
            <i64 as Decode<'r, Postgres>>::decode(value).map(Self)
        }
    }
}
