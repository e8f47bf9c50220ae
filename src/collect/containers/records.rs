//! What runtimes have written down about their containers: where the files lie, and how to read
//! them. Nothing here trusts a file to be what it seems: its author may be the container.

use serde_json::Value;

use crate::model::Pid;
use crate::model::container::Record;

/// The forms in which runtimes keep their records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Docker's `containers/ID/config.v2.json`.
    Docker,
    /// The list `containers.json` of the storage library of podman and CRI-O.
    Storage,
    /// `config.json` of an OCI bundle, with annotations.
    Bundle,
    /// runc's `state.json`.
    Runc,
    /// crun's `status`.
    Crun,
}

/// Reads a file of the form as what the runtime knows of the container with this id.
pub fn read(form: Form, runtime: &str, id: &str, path: &str, text: &[u8]) -> Option<Record> {
    let value: Value = serde_json::from_slice(text).ok()?;
    let record = match form {
        Form::Docker => docker(&value)?,
        Form::Storage => storage(&value, id)?,
        Form::Bundle => bundle(&value, id),
        Form::Runc => runc(&value)?,
        Form::Crun => crun(&value, id)?,
    };
    Some(Record {
        source: path.to_owned(),
        runtime: runtime.to_owned(),
        ..record
    })
}

fn word(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn pid(value: &Value) -> Option<Pid> {
    let pid = value.as_i64()?;
    Pid::try_from(pid).ok().filter(|pid| *pid > 0)
}

fn docker(value: &Value) -> Option<Record> {
    let labels = &value["Config"]["Labels"];
    // The kubelet called its containers so when it still drove docker.
    let name = word(&labels["io.kubernetes.container.name"]);
    Some(Record {
        id: word(&value["ID"])?,
        name: name.or_else(|| plain_name(&value["Name"])),
        image: word(&value["Config"]["Image"]),
        pod: word(&labels["io.kubernetes.pod.name"]),
        pod_namespace: word(&labels["io.kubernetes.pod.namespace"]),
        pod_uid: word(&labels["io.kubernetes.pod.uid"]),
        init: pid(&value["State"]["Pid"]),
        ..Record::default()
    })
}

/// Docker's names begin with a slash.
fn plain_name(value: &Value) -> Option<String> {
    word(value).map(|name| name.trim_start_matches('/').to_owned())
}

/// The entry of the list with this id, or whose layer this is.
fn storage(value: &Value, id: &str) -> Option<Record> {
    let entry = value
        .as_array()?
        .iter()
        .find(|entry| entry["id"] == id || entry["layer"] == id)?;
    let metadata: Value = entry["metadata"]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let name = word(&entry["names"][0]).or_else(|| word(&metadata["name"]));
    let image = word(&metadata["image-name"]).or_else(|| word(&entry["image"]));
    Some(Record {
        id: word(&entry["id"])?,
        ..with_kubernetes_name(Record {
            name,
            image,
            ..Record::default()
        })
    })
}

/// The kubelet's name for a container of an engine that has no pods:
/// `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT`.
pub fn with_kubernetes_name(mut record: Record) -> Record {
    let parts = record
        .name
        .as_deref()
        .and_then(|name| name.strip_prefix("k8s_"))
        .map(|name| name.split('_').map(str::to_owned).collect::<Vec<_>>());
    if let Some([name, pod, namespace, uid, _]) = parts.as_deref() {
        record.pod = Some(pod.clone());
        record.pod_namespace = Some(namespace.clone());
        record.pod_uid = Some(uid.clone());
        record.name = Some(name.clone());
    }
    record
}

/// Annotations in which engines keep what they know, each with that of CRI-O behind that of
/// containerd's plugin for Kubernetes and that of nerdctl.
fn bundle(value: &Value, id: &str) -> Record {
    let annotations = &value["annotations"];
    let first = |names: &[&str]| names.iter().find_map(|name| word(&annotations[*name]));
    Record {
        id: id.to_owned(),
        name: first(&[
            "io.kubernetes.cri.container-name",
            "io.kubernetes.container.name",
            "nerdctl/name",
        ]),
        image: first(&[
            "io.kubernetes.cri.image-name",
            "io.kubernetes.cri-o.ImageName",
            "nerdctl/image-name",
        ]),
        pod: first(&["io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"]),
        pod_namespace: first(&[
            "io.kubernetes.cri.sandbox-namespace",
            "io.kubernetes.pod.namespace",
        ]),
        pod_uid: first(&["io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"]),
        ..Record::default()
    }
}

fn runc(value: &Value) -> Option<Record> {
    Some(Record {
        id: word(&value["id"])?,
        init: pid(&value["init_process_pid"]),
        init_started: value["init_process_start"].as_u64(),
        ..Record::default()
    })
}

fn crun(value: &Value, id: &str) -> Option<Record> {
    Some(Record {
        id: id.to_owned(),
        init: Some(pid(&value["pid"])?),
        init_started: value["process-start-time"].as_u64(),
        ..Record::default()
    })
}

/// An engine's answer to `GET /containers/json`.
pub fn engine(runtime: &str, socket: &str, body: &[u8]) -> Option<Vec<Record>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let record = |entry: &Value| {
        Some(with_kubernetes_name(Record {
            source: socket.to_owned(),
            runtime: runtime.to_owned(),
            id: word(&entry["Id"])?,
            name: plain_name(&entry["Names"][0]),
            image: word(&entry["Image"]),
            ..Record::default()
        }))
    };
    Some(value.as_array()?.iter().filter_map(record).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(form: Form, id: &str, text: &str) -> Option<Record> {
        read(form, "x", id, "/file", text.as_bytes())
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn docker_keeps_name_image_and_init() {
        let text = r#"{"ID":"4f","Name":"/web","Config":{"Image":"nginx:1"},"State":{"Pid":77}}"#;
        let read = record(Form::Docker, "4f", text).unwrap();
        assert_eq!(
            (read.name, read.image, read.init),
            (some("web"), some("nginx:1"), Some(77))
        );
        assert_eq!(
            (read.source.as_str(), read.runtime.as_str()),
            ("/file", "x")
        );
    }

    #[test]
    fn podmans_storage_is_searched_by_container_and_by_layer() {
        let text = r#"[{"id":"other"},{"id":"9c","names":["db"],"layer":"aa",
            "metadata":"{\"image-name\":\"localhost/pg:1\",\"name\":\"db\"}"}]"#;
        for id in ["9c", "aa"] {
            let read = record(Form::Storage, id, text).unwrap();
            assert_eq!(
                (read.id.as_str(), read.name, read.image),
                ("9c", some("db"), some("localhost/pg:1"))
            );
        }
        assert_eq!(record(Form::Storage, "zz", text), None);
    }

    #[test]
    fn annotations_of_containerd_and_of_crio_name_the_pod() {
        for text in [
            r#"{"annotations":{"io.kubernetes.cri.container-name":"app","io.kubernetes.cri.sandbox-name":"web-0",
                "io.kubernetes.cri.sandbox-namespace":"prod","io.kubernetes.cri.sandbox-uid":"7c"}}"#,
            r#"{"annotations":{"io.kubernetes.container.name":"app","io.kubernetes.pod.name":"web-0",
                "io.kubernetes.pod.namespace":"prod","io.kubernetes.pod.uid":"7c"}}"#,
        ] {
            let read = record(Form::Bundle, "4f", text).unwrap();
            assert_eq!(read.name, some("app"));
            assert_eq!(
                (read.pod, read.pod_namespace, read.pod_uid),
                (some("web-0"), some("prod"), some("7c"))
            );
        }
    }

    #[test]
    fn the_kubelets_name_for_a_container_is_taken_apart() {
        let named = |name: &str| {
            with_kubernetes_name(Record {
                name: some(name),
                ..Record::default()
            })
        };
        let read = named("k8s_app_web-0_prod_7c_2");
        assert_eq!(
            (read.name, read.pod, read.pod_namespace, read.pod_uid),
            (some("app"), some("web-0"), some("prod"), some("7c"))
        );
        assert_eq!(named("k8s_mine").name, some("k8s_mine"));
        assert_eq!(named("web").name, some("web"));
    }

    #[test]
    fn runtimes_below_engines_keep_the_init() {
        let text = r#"{"id":"web","init_process_pid":77,"init_process_start":5}"#;
        assert_eq!(record(Form::Runc, "web", text).unwrap().init, Some(77));
        let text = r#"{"pid":77,"process-start-time":5,"bundle":"/b"}"#;
        assert_eq!(record(Form::Crun, "web", text).unwrap().init, Some(77));
    }

    #[test]
    fn files_of_another_form_are_no_record() {
        for text in [
            "",
            "[]",
            "null",
            "{\"ID\":4}",
            "{\"pid\":-1}",
            "\"x\"",
            "[[[[",
        ] {
            for form in [Form::Docker, Form::Storage, Form::Runc, Form::Crun] {
                assert_eq!(record(form, "x", text), None, "{form:?} {text}");
            }
        }
    }

    #[test]
    fn an_engines_answer_names_its_containers() {
        let body = br#"[{"Id":"4f","Names":["/web"],"Image":"nginx:1"},{"Names":["/x"]}]"#;
        let read = engine("docker", "/run/docker.sock", body).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(
            (read[0].name.clone(), read[0].image.clone()),
            (some("web"), some("nginx:1"))
        );
        assert_eq!(engine("docker", "/run/docker.sock", b"{}"), None);
    }
}
