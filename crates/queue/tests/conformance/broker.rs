//! How a broker is reached: TLS, certificates, settings that cannot work, no secret in any text.

use assay_domain::{Error, Secret};
use assay_queue::testing::Broker;
use assay_queue::{QueueSettings, connect};
use assay_store::testing::{Kind, TestDatabase};

use crate::world::{LONG, World, take_one, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_is_reached_over_tls_with_a_client_certificate() {
    let broker = Broker::start_with_tls().await.unwrap();
    let world = World::at(broker.tls_settings("tls"), Kind::Sqlite).await;
    let queue = world.queue().await;
    let task = world.task().await;
    queue.announce("quick").await;
    assert_eq!(take_one(&queue, "w", LONG).await.task.id, task.id);
    queue.shutdown().await;

    // Without the authority nothing is sent to whoever answers; without a client certificate the
    // broker refuses us. Both are told, and the password is not.
    let strange = QueueSettings {
        ca_file: None,
        ..broker.tls_settings("tls")
    };
    let anonymous = QueueSettings {
        client_certificate: None,
        client_key: None,
        ..broker.tls_settings("tls")
    };
    for settings in [strange, anonymous] {
        let queue = connect(&settings, world.store.clone()).await.unwrap();
        until("it says why", || async {
            let problem = queue.state().await.problem.unwrap_or_default();
            !problem.is_empty() && !problem.contains("first connection")
        })
        .await;
        let state = queue.state().await;
        assert!(!state.connected, "{state:?}");
        assert!(!format!("{state:?}").contains("guest:guest"), "{state:?}");
        queue.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_work_are_refused() {
    let database = TestDatabase::sqlite().await.unwrap();
    let store = database.store().await.unwrap();
    let url = |text: &str| Some(Secret::new(text));
    let good = || url("amqp://ann:geheim@127.0.0.1:1/%2f");
    let folder = tempfile::tempdir().unwrap();
    let no_pem = folder.path().join("file");
    std::fs::write(&no_pem, "nothing").unwrap();
    let some = QueueSettings::default;
    for settings in [
        QueueSettings {
            url: url("http://ann:geheim@host"),
            ..some()
        },
        QueueSettings {
            url: url("geheim"),
            ..some()
        },
        QueueSettings {
            url: url("amqp://ann:geheim@host:99999"),
            ..some()
        },
        QueueSettings {
            url: good(),
            prefix: String::new(),
            ..some()
        },
        QueueSettings {
            url: good(),
            prefetch: Some(0),
            ..some()
        },
        QueueSettings {
            url: good(),
            ca_file: Some("/nonexistent".into()),
            ..some()
        },
        QueueSettings {
            url: good(),
            ca_file: Some(no_pem.clone()),
            ..some()
        },
        QueueSettings {
            url: good(),
            client_key: Some(no_pem.clone()),
            ..some()
        },
    ] {
        let Err(Error::Invalid(text)) = connect(&settings, store.clone()).await else {
            panic!("accepted: {settings:?}");
        };
        assert!(text.contains("queue."), "{text}");
        assert!(!text.contains("geheim"), "{text}");
        assert!(!format!("{settings:?}").contains("geheim"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_broker_is_no_error_and_is_told() {
    let database = TestDatabase::sqlite().await.unwrap();
    let store = database.store().await.unwrap();
    let settings = QueueSettings {
        url: Some(Secret::new("amqp://ann:geheim@127.0.0.1:1/%2f")),
        ..QueueSettings::default()
    };
    let queue = connect(&settings, store).await.unwrap();
    let state = queue.state().await;
    assert_eq!((state.engine, state.connected), ("rabbitmq", false));
    let problem = state.problem.unwrap();
    assert!(
        !problem.contains("geheim") && !problem.is_empty(),
        "{problem}"
    );
    queue.shutdown().await;
}
