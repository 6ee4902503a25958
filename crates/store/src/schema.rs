//! The tables, as Diesel sees them; columns as in `migrations/`.

diesel::table! {
    node_images (id) {
        id -> BigInt,
        name -> Text,
        file_data -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    node_classes (id) {
        id -> BigInt,
        name -> Text,
        is_default -> Bool,
    }
}

diesel::table! {
    node_types (id) {
        id -> BigInt,
        node_class_id -> BigInt,
        name -> Text,
    }
}

diesel::table! {
    nodes (id) {
        id -> BigInt,
        uuid -> Text,
        name -> Nullable<Text>,
        title -> Nullable<Text>,
        description -> Nullable<Text>,
        owner -> Nullable<Text>,
        active -> Bool,
        condition -> Integer,
        is_reserved -> Bool,
        is_protected -> Bool,
        is_controller -> Bool,
        power_state -> Nullable<Text>,
        image_id -> Nullable<BigInt>,
        node_class_id -> Nullable<BigInt>,
        node_type_id -> Nullable<BigInt>,
        ip_addresses -> Text,
        mac_address -> Nullable<Text>,
        mac_key -> Nullable<Text>,
        hypervisor_id -> Nullable<Text>,
        controller_id -> Nullable<Text>,
        controller_type -> Nullable<Text>,
        dtc_number -> Nullable<Integer>,
        row_number -> Nullable<Integer>,
        rack_number -> Nullable<Integer>,
        unit_number -> Nullable<Integer>,
        cpu_amount -> Nullable<Integer>,
        cpu_arch -> Nullable<Text>,
        ram_mb -> Nullable<BigInt>,
        hdd_gb -> Nullable<BigInt>,
        inventory_code -> Nullable<Text>,
        system_uuid -> Nullable<Text>,
        serial_number -> Nullable<Text>,
        bmc_address -> Nullable<Text>,
        metadata -> Text,
        properties -> Text,
        capabilities -> Text,
        traits -> Text,
        extra -> Text,
        created_at -> Timestamp,
        updated_at -> Nullable<Timestamp>,
        held_by -> Nullable<Text>,
        held_for -> Nullable<Text>,
        held_since -> Nullable<Timestamp>,
        held_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    ports (id) {
        id -> BigInt,
        uuid -> Text,
        node_id -> BigInt,
        address -> Text,
        pxe_enabled -> Bool,
        local_link_connection -> Text,
        extra -> Text,
    }
}

diesel::table! {
    tasks (id) {
        id -> BigInt,
        uuid -> Text,
        kind -> Text,
        queue -> Text,
        payload -> Text,
        node_id -> Nullable<BigInt>,
        status -> Text,
        attempts -> Integer,
        max_attempts -> Integer,
        run_after -> Timestamp,
        claimable_at -> Nullable<Timestamp>,
        announce_at -> Nullable<Timestamp>,
        lease_owner -> Nullable<Text>,
        lease_expires -> Nullable<Timestamp>,
        result -> Nullable<Text>,
        error -> Nullable<Text>,
        requested_by -> Text,
        dialect -> Text,
        request_id -> Text,
        created_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        finished_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    dead_letters (id) {
        id -> BigInt,
        task_id -> Nullable<BigInt>,
        task_uuid -> Nullable<Text>,
        kind -> Nullable<Text>,
        class -> Text,
        body -> Text,
        reason -> Text,
        died_at -> Timestamp,
        redelivered_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    task_messages (id) {
        id -> BigInt,
        task_id -> BigInt,
        written_at -> Timestamp,
        text -> Text,
    }
}

diesel::table! {
    introspections (id) {
        id -> BigInt,
        node_id -> BigInt,
        node_uuid -> Text,
        state -> Text,
        error -> Nullable<Text>,
        started_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
        deadline -> Timestamp,
        manage_boot -> Bool,
        keep_power -> Bool,
        nonce_hash -> Nullable<Text>,
        requested_by -> Text,
        task_id -> Nullable<BigInt>,
        is_current -> Bool,
    }
}

diesel::table! {
    introspection_phases (id) {
        id -> BigInt,
        introspection_id -> BigInt,
        phase -> Text,
        reached_at -> Timestamp,
    }
}

diesel::table! {
    introspection_evidence (id) {
        id -> BigInt,
        introspection_id -> BigInt,
        kind -> Text,
        subject -> Text,
        detail -> Text,
        first_at -> Timestamp,
        last_at -> Timestamp,
        count -> BigInt,
    }
}

diesel::table! {
    stray_evidence (id) {
        id -> BigInt,
        kind -> Text,
        subject -> Text,
        detail -> Text,
        first_at -> Timestamp,
        last_at -> Timestamp,
        count -> BigInt,
    }
}

diesel::table! {
    introspection_diagnoses (id) {
        id -> BigInt,
        introspection_id -> BigInt,
        phase -> Text,
        since -> Timestamp,
        asked_at -> Timestamp,
        made_at -> Nullable<Timestamp>,
        cause -> Nullable<Text>,
        findings -> Text,
    }
}

diesel::table! {
    reports (id) {
        id -> BigInt,
        introspection_id -> BigInt,
        node_id -> BigInt,
        received_at -> Timestamp,
        size -> BigInt,
        processed -> Nullable<Binary>,
        raw -> Binary,
    }
}

diesel::table! {
    rules (id) {
        id -> BigInt,
        uuid -> Text,
        description -> Nullable<Text>,
        conditions -> Text,
        actions -> Text,
        scope -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        name -> Text,
        role -> Text,
        password_hash -> Text,
        epoch -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    power_controls (id) {
        id -> BigInt,
        title -> Text,
        control_type -> Text,
        protocol_type -> Text,
        host -> Text,
        host_key -> Text,
        port_number -> Integer,
        login -> Nullable<Text>,
        password -> Nullable<Text>,
        ssh_key -> Nullable<Text>,
        settings -> Text,
        refused -> Nullable<Text>,
        time_created -> Timestamp,
        time_updated -> Nullable<Timestamp>,
    }
}

diesel::table! {
    node_power_controls (id) {
        id -> BigInt,
        node_id -> BigInt,
        power_control_id -> BigInt,
        port -> Text,
        is_default -> Bool,
        is_initialized -> Bool,
    }
}

diesel::table! {
    gates (id) {
        id -> BigInt,
        power_control_id -> BigInt,
        version -> BigInt,
        holder -> Nullable<Text>,
        held_until -> Nullable<Timestamp>,
        next_at -> Nullable<Timestamp>,
        full_at -> Nullable<Timestamp>,
        lost_at -> Nullable<Timestamp>,
        open_logins -> Integer,
        open_since -> Nullable<Timestamp>,
    }
}

diesel::table! {
    power_observations (id) {
        id -> BigInt,
        node_id -> BigInt,
        state -> Nullable<Text>,
        observed_at -> Nullable<Timestamp>,
        misses -> Integer,
        error -> Nullable<Text>,
        missed_since -> Nullable<Timestamp>,
        next_at -> Timestamp,
    }
}

diesel::table! {
    power_actions (id) {
        id -> BigInt,
        node_id -> Nullable<BigInt>,
        command -> Text,
        state -> Text,
        error -> Nullable<Text>,
        user_name -> Text,
        start_time -> Timestamp,
        finished_at -> Nullable<Timestamp>,
        part_of -> Nullable<Text>,
        power_control_id -> Nullable<BigInt>,
        output -> Nullable<Text>,
        batch -> Nullable<Text>,
    }
}

diesel::table! {
    processes (id) {
        id -> BigInt,
        name -> Text,
        role -> Text,
        host -> Text,
        pid -> BigInt,
        version -> Text,
        url -> Nullable<Text>,
        queue -> Text,
        slots -> BigInt,
        admission -> Nullable<Text>,
        started_at -> Timestamp,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    leases (id) {
        id -> BigInt,
        name -> Text,
        holder -> Text,
        acquired_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    node_waiters (id) {
        id -> BigInt,
        node_id -> BigInt,
        task_uuid -> Text,
        purpose -> Text,
        since -> Timestamp,
    }
}

diesel::table! {
    revoked_tokens (id) {
        id -> BigInt,
        token_id -> Text,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    node_fingerprints (id) {
        id -> BigInt,
        node_id -> BigInt,
        kind -> Text,
        value -> Text,
        place -> Nullable<Text>,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    boot_claims (id) {
        id -> BigInt,
        introspection_id -> BigInt,
        mac -> Text,
        system_uuid -> Nullable<Text>,
        serial -> Nullable<Text>,
        source -> Nullable<Text>,
        first_at -> Timestamp,
        last_at -> Timestamp,
        requests -> BigInt,
    }
}

diesel::table! {
    discovery_boots (id) {
        id -> BigInt,
        nonce_hash -> Text,
        mac -> Text,
        system_uuid -> Nullable<Text>,
        serial -> Nullable<Text>,
        source -> Nullable<Text>,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        node_uuid -> Nullable<Text>,
        held_uuid -> Nullable<Text>,
    }
}

diesel::table! {
    held_reports (id) {
        id -> BigInt,
        uuid -> Text,
        machine_key -> Text,
        state -> Text,
        reason -> Text,
        facts -> Text,
        candidates -> Text,
        source -> Nullable<Text>,
        received_at -> Timestamp,
        last_at -> Timestamp,
        count -> BigInt,
        size -> BigInt,
        raw -> Binary,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        node_uuid -> Nullable<Text>,
    }
}

diesel::table! {
    alarms (id) {
        id -> BigInt,
        kind -> Text,
        subject -> Text,
        node_id -> Nullable<BigInt>,
        text -> Text,
        evidence -> Text,
        first_at -> Timestamp,
        last_at -> Timestamp,
        count -> BigInt,
        acknowledged_by -> Nullable<Text>,
        acknowledged_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    dry_runs (id) {
        id -> BigInt,
        uuid -> Text,
        task_id -> BigInt,
        rules -> Text,
        reports -> Text,
        scope -> Nullable<Text>,
        state -> Text,
        error -> Nullable<Text>,
        up_to -> BigInt,
        cursor_id -> BigInt,
        total -> BigInt,
        done -> BigInt,
        counts -> Text,
        requested_by -> Text,
        created_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        finished_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    dry_run_results (id) {
        id -> BigInt,
        dry_run_id -> BigInt,
        report_id -> BigInt,
        node_uuid -> Text,
        trace -> Binary,
    }
}

diesel::table! {
    host_keys (id) {
        id -> BigInt,
        power_control_id -> BigInt,
        public_key -> Text,
    }
}

diesel::table! {
    device_readings (id) {
        id -> BigInt,
        node_id -> BigInt,
        aspect -> Text,
        task_uuid -> Text,
        facts -> Nullable<Text>,
        observed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    availability_storages (id) {
        id -> BigInt,
        name -> Text,
        compute_path -> Text,
        controller_path -> Text,
    }
}

diesel::table! {
    node_availability_storages (id) {
        id -> BigInt,
        node_id -> BigInt,
        availability_storage_id -> BigInt,
    }
}

diesel::table! {
    host_access (id) {
        id -> BigInt,
        node_id -> BigInt,
        address -> Nullable<Text>,
        port -> Nullable<Integer>,
        snmp_port -> Nullable<Integer>,
        host_key -> Text,
    }
}

diesel::table! {
    host_settings (id) {
        id -> BigInt,
        node_id -> BigInt,
        is_kept -> Bool,
        actions -> Text,
        kept_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    host_sessions (id) {
        id -> BigInt,
        node_id -> BigInt,
        targets -> Text,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    instance_moves (id) {
        id -> BigInt,
        task_uuid -> Text,
        position -> Integer,
        instance_uuid -> Text,
        instance_name -> Text,
        source -> Text,
        target -> Nullable<Text>,
        methods -> Text,
        state -> Text,
        after_migration -> BigInt,
        attempts -> Integer,
        detail -> Nullable<Text>,
        changed_at -> Timestamp,
    }
}

diesel::table! {
    host_progress (id) {
        id -> BigInt,
        task_uuid -> Text,
        position -> Integer,
        host -> Text,
        stage -> Text,
        was_enabled -> Bool,
        cancelled_by -> Nullable<Text>,
        detail -> Nullable<Text>,
        changed_at -> Timestamp,
    }
}

diesel::table! {
    audits (id) {
        id -> BigInt,
        aggregate_id -> BigInt,
        status -> Text,
        task_uuid -> Text,
        found -> Nullable<Text>,
        error -> Nullable<Text>,
        requested_by -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    server_clones (id) {
        id -> BigInt,
        task_uuid -> Text,
        position -> Integer,
        name -> Text,
        stage -> Text,
        server -> Text,
        volumes -> Text,
        cancelled_by -> Nullable<Text>,
        detail -> Nullable<Text>,
        changed_at -> Timestamp,
    }
}

diesel::table! {
    heartbeats (id) {
        id -> BigInt,
        node_id -> BigInt,
        beats -> Text,
        verdict -> Nullable<Text>,
        task_uuid -> Nullable<Text>,
    }
}

diesel::joinable!(dry_runs -> tasks (task_id));
diesel::allow_tables_to_appear_in_same_query!(
    node_images,
    node_classes,
    node_types,
    nodes,
    ports,
    tasks,
    task_messages,
    dead_letters,
    introspections,
    introspection_phases,
    introspection_evidence,
    introspection_diagnoses,
    stray_evidence,
    reports,
    rules,
    users,
    revoked_tokens,
    power_controls,
    node_power_controls,
    power_actions,
    gates,
    power_observations,
    dry_runs,
    dry_run_results,
    host_keys,
    device_readings,
    host_access,
    host_settings,
    host_sessions,
    instance_moves,
    host_progress,
    audits,
    server_clones,
    heartbeats,
    availability_storages,
    node_availability_storages,
    processes,
    leases,
    node_waiters,
);
