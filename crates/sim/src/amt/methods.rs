//! What a request that is logged in does, and what it is answered.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::answer::{Answer, ENUMERATION, TRANSFER};
use super::classes::{class_of, instances, resource, text};
use super::request::WsRequest;
use super::{AmtFaults, AmtPowerCommand, Shared, power};

/// Items of an enumeration that are given at once; few, so that clients have to come again.
const ITEMS_AT_ONCE: usize = 3;
/// Records of the event log that are given at once.
const RECORDS_AT_ONCE: usize = 2;
/// A method's return values (CIM schema): done, invalid parameter, invalid state transition.
const DONE: u32 = 0;
const INVALID_PARAMETER: u32 = 5;
const INVALID_TRANSITION: u32 = 4097;

/// Whether a request is a power command.
pub(super) fn is_power_command(request: &WsRequest) -> bool {
    request.action.ends_with("/RequestPowerStateChange")
}

/// Answers one request.
pub(super) fn answer(shared: &Shared, faults: &AmtFaults, request: &WsRequest) -> Answer {
    let Some(class) = class_of(&request.resource, &faults.missing) else {
        return Answer::absent();
    };
    let (standard, verb) = request.action.rsplit_once('/').unwrap_or_default();
    let key = format!("{verb} {class}");
    *shared.counters.lock().requests.entry(key).or_default() += 1;
    match (standard, verb) {
        (TRANSFER, "Get") => get(shared, class),
        (ENUMERATION, "Enumerate") => enumerate(shared, request, class),
        (ENUMERATION, "Pull") => pull(shared, request, class),
        _ if faults.read_only && verb != "GetRecords" => Answer::denied(),
        (TRANSFER, "Put") => put(shared, request, class),
        (uri, method) if uri == request.resource => invoke(shared, faults, request, class, method),
        _ => Answer::Fault("b:ActionNotSupported", "There is no such action here."),
    }
}

fn get(shared: &Shared, class: &str) -> Answer {
    match instances(shared, class).map(<[String; 1]>::try_from) {
        Some(Ok([body])) => Answer::Content {
            action: format!("{TRANSFER}/GetResponse"),
            body,
        },
        Some(Err(_)) => Answer::Fault("c:InvalidSelectors", "Which one is meant is not said."),
        None => Answer::absent(),
    }
}

fn enumerate(shared: &Shared, request: &WsRequest, class: &str) -> Answer {
    let method = request.method.as_ref();
    if method.is_none_or(|(name, namespace)| name != "Enumerate" || namespace != ENUMERATION) {
        return Answer::invalid();
    }
    if instances(shared, class).is_none() {
        return Answer::absent();
    }
    Answer::Content {
        action: format!("{ENUMERATION}/EnumerateResponse"),
        body: format!(
            r#"<g:EnumerateResponse xmlns:g="{ENUMERATION}">{}</g:EnumerateResponse>"#,
            context(0)
        ),
    }
}

/// The context of an enumeration that goes on with item number `at`.
fn context(at: usize) -> String {
    format!("<g:EnumerationContext>{at:08X}-0000-0000-0000-000000000000</g:EnumerationContext>")
}

fn pull(shared: &Shared, request: &WsRequest, class: &str) -> Answer {
    let at = request
        .value("EnumerationContext")
        .and_then(|context| usize::from_str_radix(context.split('-').next()?, 16).ok());
    let (Some(at), Some(items)) = (at, instances(shared, class)) else {
        return Answer::Fault(
            "g:InvalidEnumerationContext",
            "There is no such enumeration.",
        );
    };
    let asked = request
        .value("MaxElements")
        .map_or(Ok(1), str::parse::<usize>);
    let Ok(asked @ 1..) = asked else {
        return Answer::invalid();
    };
    let page: Vec<&String> = items
        .iter()
        .skip(at)
        .take(ITEMS_AT_ONCE.min(asked))
        .collect();
    let next = at + page.len();
    let end = if next < items.len() {
        context(next)
    } else {
        "<g:EndOfSequence></g:EndOfSequence>".to_owned()
    };
    let page: String = page.into_iter().map(String::as_str).collect();
    Answer::Content {
        action: format!("{ENUMERATION}/PullResponse"),
        body: format!(
            r#"<g:PullResponse xmlns:g="{ENUMERATION}"><g:Items>{page}</g:Items>{end}</g:PullResponse>"#
        ),
    }
}

fn put(shared: &Shared, request: &WsRequest, class: &str) -> Answer {
    let method = request.method.as_ref();
    let is_instance =
        method.is_some_and(|(name, namespace)| name == class && *namespace == request.resource);
    if class != "AMT_BootSettingData" || !is_instance {
        return Answer::Fault("b:ActionNotSupported", "This class cannot be written.");
    }
    if !shared.boot.lock().write(request.values()) {
        return Answer::invalid();
    }
    match instances(shared, class).and_then(|mut all| all.pop()) {
        Some(body) => Answer::Content {
            action: format!("{TRANSFER}/PutResponse"),
            body,
        },
        None => Answer::absent(),
    }
}

fn invoke(
    shared: &Shared,
    faults: &AmtFaults,
    request: &WsRequest,
    class: &str,
    method: &str,
) -> Answer {
    let input = format!("{method}_INPUT");
    let named = request.method.as_ref();
    if named.is_none_or(|(name, namespace)| *name != input || *namespace != request.resource) {
        return Answer::invalid();
    }
    let (more, value) = match (class, method) {
        ("CIM_PowerManagementService", "RequestPowerStateChange") => {
            (String::new(), change_power(shared, faults, request))
        }
        ("CIM_BootConfigSetting", "ChangeBootOrder") => (
            String::new(),
            done(shared.boot.lock().choose(request.key("InstanceID"))),
        ),
        ("CIM_BootService", "SetBootConfigRole") => {
            let role = request.value("Role").unwrap_or_default();
            let known = request.key("InstanceID") == Some(super::boot::CONFIGURATION);
            (
                String::new(),
                done(known && shared.boot.lock().assign(role)),
            )
        }
        ("AMT_MessageLog", "GetRecords") => records(shared, request),
        ("AMT_MessageLog", "ClearLog") => {
            shared.log.lock().clear();
            (String::new(), DONE)
        }
        _ => return Answer::Fault("b:ActionNotSupported", "There is no such method here."),
    };
    let uri = resource(class);
    Answer::Content {
        action: format!("{uri}/{method}Response"),
        body: format!(
            r#"<h:{method}_OUTPUT xmlns:h="{uri}">{more}{}</h:{method}_OUTPUT>"#,
            text("ReturnValue", &value.to_string())
        ),
    }
}

fn done(done: bool) -> u32 {
    if done { DONE } else { INVALID_PARAMETER }
}

fn change_power(shared: &Shared, faults: &AmtFaults, request: &WsRequest) -> u32 {
    let state = request
        .value("PowerState")
        .and_then(|text| text.parse().ok());
    let (Some(state), Some("ManagedSystem")) = (state, request.key("Name")) else {
        return INVALID_PARAMETER;
    };
    let available = power::available(shared.machine.power(), faults);
    let value = match faults.return_value {
        Some(value) => value,
        None if !available.contains(&state) => INVALID_TRANSITION,
        None if faults.ignore_commands => DONE,
        None => done(shared.power.order(state, faults.state_change_delay)),
    };
    shared.counters.lock().power_commands.push(AmtPowerCommand {
        state,
        accepted: value == DONE,
    });
    value
}

fn records(shared: &Shared, request: &WsRequest) -> (String, u32) {
    let number = |name: &str| {
        request
            .value(name)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let (Some(first @ 1..), Some(most @ 1..)) =
        (number("IterationIdentifier"), number("MaxReadRecords"))
    else {
        return (String::new(), INVALID_PARAMETER);
    };
    let log = shared.log.lock();
    let part: Vec<&[u8; 21]> = log
        .iter()
        .skip(first - 1)
        .take(most.min(RECORDS_AT_ONCE))
        .collect();
    let next = first + part.len();
    let mut output = text("IterationIdentifier", &next.to_string());
    output += &text("NoMoreRecords", &(next > log.len()).to_string());
    for record in part {
        output += &text("RecordArray", &BASE64_STANDARD.encode(record));
    }
    (output, DONE)
}
