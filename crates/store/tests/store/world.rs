//! What the tests share: a fresh database, a clock, and things to store.

use assay_domain::{
    IntrospectionState, NewNode, NewTask, Node, NodePatch, Page, TaskKind, Timestamp,
};
use assay_store::testing::{Kind, TestDatabase};
use assay_store::{NewIntrospection, Store};
use chrono::{TimeDelta, TimeZone, Utc};
use uuid::Uuid;

/// Runs each test function on both databases.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            use assay_store::testing::Kind;

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                super::$name($crate::world::World::new(Kind::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                super::$name($crate::world::World::new(Kind::Postgres).await).await;
            }
        })+
    };
}

/// A store on a database of its own.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) kind: Kind,
    pub(crate) database: TestDatabase,
}

/// All of a list.
pub(crate) const ALL: Page = Page {
    offset: 0,
    limit: i64::MAX,
};

impl World {
    pub(crate) async fn new(kind: Kind) -> Self {
        let database = TestDatabase::migrated(kind).await.unwrap();
        let store = database.store().await.unwrap();
        Self {
            store,
            kind,
            database,
        }
    }

    /// A node of that name.
    pub(crate) async fn node(&self, name: &str) -> Node {
        self.store.create_node(new_node(name), at(0)).await.unwrap()
    }
}

/// A node to enrol.
pub(crate) fn new_node(name: &str) -> NewNode {
    NewNode {
        uuid: Some(Uuid::new_v4().to_string()),
        fields: NodePatch {
            name: Some(Some(name.to_owned())),
            ..NodePatch::default()
        },
        ports: Vec::new(),
    }
}

/// A moment, in seconds from the beginning of the test.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap() + TimeDelta::seconds(seconds)
}

/// A task that can run from the beginning on.
pub(crate) fn new_task(kind: TaskKind) -> NewTask {
    NewTask {
        uuid: Uuid::new_v4().to_string(),
        kind,
        payload: serde_json::json!({"given": true}),
        node_id: None,
        max_attempts: 3,
        run_after: at(0),
        requested_by: "ann".to_owned(),
        dialect: "assay".to_owned(),
        request_id: "request".to_owned(),
    }
}

/// An introspection to begin.
pub(crate) fn new_introspection(node: &Node, state: IntrospectionState) -> NewIntrospection {
    NewIntrospection {
        node_id: node.id,
        node_uuid: node.uuid.clone(),
        state,
        deadline: at(3600),
        manage_boot: true,
        keep_power: false,
        requested_by: "ann".to_owned(),
    }
}
