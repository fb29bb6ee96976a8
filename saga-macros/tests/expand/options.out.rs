/// What a saga says about itself.
#[allow(
    dead_code,
    unreachable_pub,
    clippy::needless_pass_by_value,
    clippy::used_underscore_binding
)]
#[must_use = "a start request does nothing until it is given to an engine"]
fn change(request: Change) -> ::saga::Start<change> {
    #[allow(unused_imports)]
    use ::saga::__private::NoRequest as _;
    ::saga::__private::Request(&request).start()
}
/// What a saga says about itself.
#[allow(
    non_camel_case_types,
    dead_code,
    unreachable_pub,
    missing_copy_implementations,
    missing_debug_implementations,
    clippy::empty_enums
)]
enum change {}
const _: () = {
    #[allow(
        unused,
        non_camel_case_types,
        unreachable_pub,
        clippy::all,
        clippy::pedantic
    )]
    mod __saga_stand_ins {
        mod __saga_stand_in_0 {
            pub enum set_password {}
            impl set_password {
                pub fn args<T0, T1>(_: T0, _: T1) -> ::saga::Result<::saga::Args<Self>> {
                    loop {}
                }
            }
            #[diagnostic::do_not_recommend]
            impl<R> ::saga::Callable<R> for set_password {
                fn erased() -> ::saga::step::Callee<R> {
                    loop {}
                }
            }
        }
        pub use __saga_stand_in_0::set_password as __SagaCalls0;
    }
    #[allow(unused_imports)]
    use __saga_stand_ins::*;
    const _: () = {
        #[allow(unused_imports)]
        use ::saga::__private::{OfFunction as _, OfStep as _, Unknown as _};
        #[allow(unused_imports)]
        use set_password as __SagaCalls0;
        #[allow(
            dead_code,
            private_bounds,
            unreachable_pub,
            clippy::missing_errors_doc,
            clippy::needless_pass_by_value,
            clippy::needless_question_mark,
            clippy::needless_update,
            clippy::used_underscore_binding
        )]
        impl change {
            /// The journaled argument of one call of this saga.
            ///
            /// # Errors
            /// When it cannot be written as JSON.
            fn args(request: Change) -> ::saga::Result<::saga::Args<Self>> {
                #[allow(unused_imports)]
                use ::saga::__private::NoRequest as _;
                ::saga::__private::Request(&request).args("request")
            }
            /// The plan of this saga, and the code behind it.
            #[must_use]
            fn definition() -> ::saga::Definition<Isp> {
                #[allow(unused_imports)]
                use ::saga::__private::NoSchema as _;
                const _: () = ::core::assert!(
                    ! false || ::saga::__private::Known:: < __SagaCalls0 >
                    ::IS_RETRIABLE, "{}", if ::saga::__private::Known:: < __SagaCalls0 >
                    ::IS_SAGA {
                    "the saga `set_password` comes after a pivot, or beside it, and may fail: let it call only `#[step(retriable)]` steps, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    } else {
                    "`set_password` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    }
                );
                const __SAGA_PIVOT_BEFORE_1: bool = false
                    || ::saga::__private::Known::<__SagaCalls0>::IS_PIVOT;
                let mut builder = ::saga::SagaBuilder::<
                    Isp,
                    Change,
                >::new("change_password", 2);
                builder.on_failure(::saga::OnFailure::Park);
                builder.deadline(::core::time::Duration::from_millis(3600000u64));
                builder.secret_input();
                {
                    #[allow(unused_imports)]
                    use ::saga::__private::PlainLockValue as _;
                    builder
                        .lock_on(
                            "account",
                            |#[allow(unused_variables)] request: Change| {
                                ::saga::__private::LockValue(&request.account).text()
                            },
                        );
                }
                builder.input_schema(::saga::__private::SchemaOf::<Change>::read());
                #[allow(unused_variables)]
                let request = builder.input();
                builder
                    .expression(8458248799150512143u64)
                    .call(
                        (request,),
                        move |#[allow(unused_variables)] (request,)| <__SagaCalls0>::args(
                            &request.account,
                            &request.password,
                        ),
                    );
                const _: () = ::saga::__private::fails_as::<saga::Result<()>>();
                #[allow(unused_imports)]
                use ::saga::__private::NoEnd as _;
                builder.expression(18181046511161644273u64);
                builder
                    .finish_checked(
                        (),
                        move |#[allow(unused_variables)] ()| {
                            let result: saga::Result<()> = Ok(());
                            ::saga::__private::Ended(result).result()
                        },
                    )
            }
        }
        #[diagnostic::do_not_recommend]
        impl ::saga::Signature for change {
            type Output = <saga::Result<()> as ::saga::__private::SagaResult>::Output;
            const META: &'static ::saga::Meta = &::saga::Meta {
                params: &["request"],
                saga: true,
                ..::saga::Meta::new(
                    "change_password",
                    ::saga::__private::class_of_saga(
                        &[::saga::__private::Known::<__SagaCalls0>::IS_PIVOT],
                        &[::saga::__private::Known::<__SagaCalls0>::IS_RETRIABLE],
                    ),
                )
            };
            fn schema() -> ::saga::step::StepSchema {
                #[allow(unused_imports)]
                use ::saga::__private::NoSchema as _;
                ::saga::step::StepSchema::default()
                    .with("request", ::saga::__private::SchemaOf::<Change>::read())
                    .giving(
                        ::saga::__private::SchemaOf::<
                            <Self as ::saga::Signature>::Output,
                        >::written(),
                    )
            }
        }
        #[allow(private_bounds)]
        impl ::saga::Callable<Isp> for change {
            fn erased() -> ::saga::step::Callee<Isp> {
                ::core::convert::Into::into(Self::definition())
            }
        }
    };
};
