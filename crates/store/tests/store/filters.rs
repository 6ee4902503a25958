//! Filters of nodes: every operator on text, numbers and truth values, alike on both databases.

use assay_domain::node::NodeField;
use assay_domain::{Error, Filter, FilterOp, FilterValue, Page};

use crate::world::{ALL, World, at, new_node};

on_both!(
    texts_are_compared,
    numbers_and_flags_are_compared,
    a_bad_filter_is_refused,
);

fn filter(field: NodeField, op: FilterOp, values: &[FilterValue]) -> Filter<NodeField> {
    Filter {
        field,
        op,
        values: values.to_vec(),
    }
}

fn text(text: &str) -> FilterValue {
    FilterValue::Text(text.to_owned())
}

/// Five nodes in different places.
async fn five_nodes(world: &World) {
    for (index, name) in FIVE.iter().enumerate() {
        let mut node = new_node(name);
        let index = i32::try_from(index).unwrap();
        node.fields.rack_number = (index > 0).then_some(Some(index));
        node.fields.active = Some(index % 2 == 0);
        node.fields.ram_mb = Some(Some(i64::from(index) * 10_000_000_000));
        world.store.create_node(node, at(0)).await.unwrap();
    }
}

const FIVE: [&str; 5] = ["Alpha", "alpine", "beta_1", "beta%1", "back\\slash"];

/// Lists and counts; gives the places of the names in [`FIVE`].
async fn places(world: &World, filters: Vec<Filter<NodeField>>) -> Vec<usize> {
    let store = &world.store;
    let nodes = store.list_nodes(filters.clone(), ALL).await.unwrap();
    let count = store.count_nodes(filters).await.unwrap();
    assert_eq!(usize::try_from(count).unwrap(), nodes.len());
    let names = nodes.into_iter().filter_map(|node| node.name);
    names
        .map(|name| FIVE.iter().position(|known| *known == name).unwrap())
        .collect()
}

async fn texts_are_compared(world: World) {
    use FilterOp as Op;
    five_nodes(&world).await;
    for (op, values, expected) in [
        (Op::Eq, vec!["alpine"], vec![1]),
        (Op::Eq, vec!["ALPINE"], vec![]),
        (Op::Like, vec!["al%"], vec![1]),
        (Op::Like, vec!["_lp%"], vec![0, 1]),
        (Op::Like, vec!["beta_1"], vec![2, 3]),
        (Op::Like, vec!["back\\s%"], vec![4]),
        (Op::Like, vec!["%\\"], vec![]),
        (Op::Gt, vec!["alpine"], vec![2, 3, 4]),
        (Op::Lt, vec!["a"], vec![0]),
        (Op::In, vec!["Alpha", "none"], vec![0]),
        (Op::NotIn, vec!["Alpha", "alpine"], vec![2, 3, 4]),
    ] {
        let values = values.into_iter().map(text).collect::<Vec<_>>();
        let filter = filter(NodeField::Name, op, &values);
        assert_eq!(
            places(&world, vec![filter.clone()]).await,
            expected,
            "{filter:?}"
        );
    }
}

async fn numbers_and_flags_are_compared(world: World) {
    use FilterOp as Op;
    use FilterValue::{Bool, Int};
    use NodeField as F;
    five_nodes(&world).await;
    for (field, op, values, expected) in [
        (F::RackNumber, Op::Ne, vec![Int(1)], vec![0, 2, 3, 4]),
        (
            F::RackNumber,
            Op::NotIn,
            vec![Int(1), Int(2)],
            vec![0, 3, 4],
        ),
        (F::RackNumber, Op::Le, vec![Int(2)], vec![1, 2]),
        (F::RackNumber, Op::Null, vec![Bool(true)], vec![0]),
        (F::RackNumber, Op::Null, vec![Bool(false)], vec![1, 2, 3, 4]),
        (F::RamMb, Op::Ge, vec![Int(30_000_000_000)], vec![3, 4]),
        (F::Active, Op::Eq, vec![Bool(false)], vec![1, 3]),
        (F::Id, Op::Lt, vec![Int(0)], vec![]),
    ] {
        let filter = filter(field, op, &values);
        assert_eq!(
            places(&world, vec![filter.clone()]).await,
            expected,
            "{filter:?}"
        );
    }
    let both = vec![
        filter(F::Active, Op::Eq, &[Bool(true)]),
        filter(F::RackNumber, Op::Gt, &[Int(2)]),
    ];
    assert_eq!(places(&world, both).await, [4]);
    let page = Page {
        offset: 1,
        limit: 2,
    };
    let nodes = world.store.list_nodes(Vec::new(), page).await.unwrap();
    assert_eq!(nodes.iter().map(|node| node.id).collect::<Vec<_>>(), [2, 3]);
}

async fn a_bad_filter_is_refused(world: World) {
    use FilterOp as Op;
    use FilterValue::{Bool, Int};
    use NodeField as F;
    for bad in [
        filter(F::Id, Op::Eq, &[text("x")]),
        filter(F::Id, Op::Eq, &[]),
        filter(F::Id, Op::Eq, &[Int(1), Int(2)]),
        filter(F::Id, Op::In, &[]),
        filter(F::Id, Op::Like, &[text("1%")]),
        filter(F::RackNumber, Op::Eq, &[Int(1 << 40)]),
        filter(F::Name, Op::Like, &[Bool(true)]),
        filter(F::Name, Op::Null, &[text("true")]),
        filter(F::Active, Op::Eq, &[Int(1)]),
    ] {
        let listed = world.store.list_nodes(vec![bad.clone()], ALL).await;
        assert!(matches!(listed, Err(Error::Invalid(_))), "{bad:?}");
        let counted = world.store.count_nodes(vec![bad.clone()]).await;
        assert!(matches!(counted, Err(Error::Invalid(_))), "{bad:?}");
    }
}
