/// Takes an address from the pool.
pub async fn allocate_ip(
    netbox: &NetBox,
    cx: &StepContext,
    subscriber: &Subscriber,
    wish: Option<&str>,
) -> saga::Result<Address> {
    netbox.allocate(&subscriber.id, wish, cx.idempotency_key()).await
}
/// Takes an address from the pool.
#[allow(
    non_camel_case_types,
    dead_code,
    unreachable_pub,
    missing_copy_implementations,
    missing_debug_implementations,
    clippy::empty_enums
)]
pub enum allocate_ip {}
#[allow(
    dead_code,
    unreachable_pub,
    clippy::missing_errors_doc,
    clippy::needless_pass_by_value,
    clippy::too_many_arguments
)]
impl allocate_ip {
    /// The journaled arguments of one call of this step.
    ///
    /// # Errors
    /// When an argument cannot be written as JSON.
    pub fn args(
        subscriber: &Subscriber,
        wish: Option<&str>,
    ) -> ::saga::Result<::saga::Args<Self>> {
        #[allow(unused_imports)]
        use ::saga::__private::NoArgument as _;
        let fields = ::saga::__private::Fields::of::<Self>();
        let fields = ::saga::__private::Argument(&subscriber)
            .write(fields, "subscriber")?;
        let fields = ::saga::__private::Argument(&wish).write(fields, "wish")?;
        fields.args()
    }
}
#[diagnostic::do_not_recommend]
#[allow(clippy::needless_update)]
impl ::saga::Signature for allocate_ip {
    type Output = <<saga::Result<
        Address,
    > as ::saga::step::StepResult>::Ok as ::saga::step::Journaled>::Output;
    const META: &'static ::saga::Meta = &::saga::Meta {
        params: &["subscriber", "wish"],
        secrets: &["wish"],
        system: ::core::option::Option::Some("netbox"),
        if_unknown: ::saga::IfUnknown::LookUp,
        secret_output: true,
        policy: ::saga::Policy {
            retry: ::saga::RetryPolicy {
                max_attempts: 5,
                backoff: ::saga::Backoff::Exponential {
                    first: ::core::time::Duration::from_millis(200u64),
                    max: ::core::time::Duration::from_millis(30000u64),
                },
                ..::saga::RetryPolicy::FORWARD
            },
            timeout: ::core::option::Option::Some(
                ::core::time::Duration::from_millis(10000u64),
            ),
            ..::saga::Meta::new("allocate_ip", ::saga::Class::Compensatable).policy
        },
        ..::saga::Meta::new("allocate_ip", ::saga::Class::Compensatable)
    };
    fn schema() -> ::saga::step::StepSchema {
        #[allow(unused_imports)]
        use ::saga::__private::NoSchema as _;
        ::saga::step::StepSchema::default()
            .with("subscriber", ::saga::__private::SchemaOf::<Subscriber>::read())
            .with(
                "wish",
                ::saga::__private::SchemaOf::<
                    ::core::option::Option<::std::string::String>,
                >::read(),
            )
            .giving(
                ::saga::__private::SchemaOf::<
                    <Self as ::saga::Signature>::Output,
                >::written(),
            )
    }
}
impl<__R: ::saga::Provide<NetBox> + ::core::marker::Sync + 'static> ::saga::Step<__R>
for allocate_ip {
    #[allow(unused_variables)]
    async fn run(
        resources: &__R,
        context: &::saga::StepContext,
        arguments: &::saga::step::Arguments<'_>,
    ) -> ::saga::Result<::saga::step::Success> {
        let netbox: &NetBox = ::saga::Provide::<NetBox>::provide(resources);
        let cx: &::saga::StepContext = context;
        let owned_subscriber: Subscriber = ::saga::__private::read::<
            Subscriber,
        >(arguments, "subscriber")?;
        let subscriber: &Subscriber = &owned_subscriber;
        let owned_wish: ::core::option::Option<::std::string::String> = ::saga::__private::read::<
            ::core::option::Option<::std::string::String>,
        >(arguments, "wish")?;
        let wish: Option<&str> = owned_wish.as_deref();
        let result = allocate_ip(netbox, cx, subscriber, wish).await;
        ::saga::__private::finish::<
            Self,
            _,
            _,
        >(<saga::Result<Address> as ::saga::step::StepResult>::into_result(result))
    }
    #[allow(unused_variables)]
    async fn compensate(
        resources: &__R,
        context: &::saga::StepContext,
        arguments: &::saga::step::Arguments<'_>,
        made: ::core::option::Option<&::saga::Json>,
    ) -> ::saga::Result<()> {
        #[allow(unused_imports)]
        use ::saga::__private::NoCall as _;
        let netbox: &NetBox = ::saga::Provide::<NetBox>::provide(resources);
        let owned_output: <Self as ::saga::Signature>::Output = ::saga::__private::known_output::<
            Self,
        >(made)?;
        let output: &<Self as ::saga::Signature>::Output = &owned_output;
        ::saga::__private::finish_undo(
            ::saga::__private::Called(release_ip(netbox, output)).future().await,
        )
    }
    #[allow(unused_variables)]
    async fn look_up(
        resources: &__R,
        context: &::saga::StepContext,
        arguments: &::saga::step::Arguments<'_>,
    ) -> ::saga::Result<::core::option::Option<::saga::Json>> {
        #[allow(unused_imports)]
        use ::saga::__private::NoCall as _;
        let netbox: &NetBox = ::saga::Provide::<NetBox>::provide(resources);
        let owned_subscriber: Subscriber = ::saga::__private::read::<
            Subscriber,
        >(arguments, "subscriber")?;
        let subscriber: &Subscriber = &owned_subscriber;
        ::saga::__private::finish_look_up::<
            Self,
        >(::saga::__private::Called(find_ip(netbox, subscriber)).future().await)
    }
}
impl<__R: ::saga::Provide<NetBox> + ::core::marker::Sync + 'static> ::saga::Callable<__R>
for allocate_ip {
    fn erased() -> ::saga::step::Callee<__R> {
        ::core::convert::Into::into(::saga::step::ErasedStep::plain::<Self>())
    }
}
