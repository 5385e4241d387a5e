"""Drives a server with Debian's python3-pylxd: what its users do in their first week.

usage: exercise.py SOCKET IMAGE.tar.gz; prints one line for each part that holds.
"""

import sys
import urllib.parse

import pylxd
from pylxd.exceptions import LXDAPIException, NotFound

from checks import expect, refused

socket, image_file = sys.argv[1], sys.argv[2]
client = pylxd.Client(endpoint="http+unix://" + urllib.parse.quote(socket, safe=""))


def server():
    info = client.host_info
    expect(info["api_version"] == "1.0", "version")
    expect(info["environment"]["server_pid"] > 0, "environment")
    expect(client.has_api_extension("instances"), "extensions")
    expect(not client.has_api_extension("no_such_extension"), "unknown extensions")
    refused(NotFound, client.containers.get, "nosuch")
    refused(NotFound, client.images.get, "nosuch")
    refused(NotFound, client.profiles.get, "nosuch")


def images():
    with open(image_file, "rb") as data:
        image = client.images.create(data.read(), public=False, wait=True)
    image.add_alias("py", "made by pylxd")
    expect(client.images.exists(image.fingerprint), "image exists")
    expect(client.images.exists("py", alias=True), "alias exists")
    again = client.images.get_by_alias("py")
    expect(again.fingerprint == image.fingerprint, "by alias")
    again.properties["colour"] = "blue"
    again.save(wait=True)
    expect(client.images.get(image.fingerprint).properties["colour"] == "blue", "properties")
    expect(len(again.export().read()) > 1000, "export")
    expect(any(i.fingerprint == image.fingerprint for i in client.images.all()), "all images")


def profiles():
    profile = client.profiles.create("py1", config={"user.a": "1"}, devices={})
    profile.config["user.a"] = "2"
    profile.description = "changed"
    profile.save()
    expect(client.profiles.get("py1").config == {"user.a": "2"}, "saved profile")
    profile.rename("py2")
    expect(client.profiles.exists("py2"), "renamed profile")
    expect(not client.profiles.exists("py1"), "old profile")
    refused(LXDAPIException, client.profiles.create, "py3", config={"nosuch": "1"})


def instances():
    config = {
        "name": "py-one",
        "source": {"type": "image", "alias": "py"},
        "profiles": ["default", "py2"],
        "config": {"limits.processes": "200"},
    }
    refused(
        LXDAPIException,
        client.containers.create,
        dict(config, name="bad_name"),
        wait=True,
    )
    one = client.containers.create(config, wait=True)
    refused(LXDAPIException, client.containers.create, config, wait=True)
    expect(one.status == "Stopped", "stopped after creation")
    expect(one.expanded_config["user.a"] == "2", "expanded")
    one.start(wait=True)
    one.sync()
    expect(one.status == "Running", "running")
    expect(one.state().pid > 1, "state")
    expect("lo" in one.state().network, "network state")
    one.config["user.b"] = "yes"
    one.save(wait=True)
    expect(client.containers.get("py-one").config["user.b"] == "yes", "saved config")
    one.freeze(wait=True)
    expect(one.status == "Frozen", "frozen")
    one.unfreeze(wait=True)
    one.restart(wait=True, force=True, timeout=20)
    expect(one.status == "Running", "restarted")
    expect("py-one" in [i.name for i in client.containers.all()], "all")
    expect(client.containers.exists("py-one"), "old name of instances")


def execute():
    one = client.containers.get("py-one")
    result = one.execute(["sh", "-c", "echo out; echo err >&2; exit 7"])
    expect(result == (7, "out\n", "err\n"), "streams " + repr(result))
    result = one.execute(["sh", "-c", "echo $WORD"], environment={"WORD": "hello"})
    expect(result.stdout == "hello\n", "environment")
    result = one.execute(["cat"], stdin_payload="in\n")
    expect(result.stdout == "in\n", "input " + repr(result))
    big = one.execute(["sh", "-c", "yes | head -c 300000"])
    expect(len(big.stdout) == 300000, "long output")
    expect(one.execute(["nosuch"]).exit_code == 127, "missing program")


def files():
    one = client.containers.get("py-one")
    one.files.put("/root/data", b"\x00\x01text", mode=0o640, uid=3, gid=4)
    expect(one.files.get("/root/data") == b"\x00\x01text", "content")
    stat = one.execute(["stat", "-c", "%a %u %g", "/root/data"])
    expect(stat.stdout == "640 3 4\n", "mode " + repr(stat))
    one.execute(["mkdir", "/root/folder"])
    one.files.put("/root/folder/a", "a")
    expect(one.files.delete_available(), "deletion is announced")
    one.files.delete("/root/data")
    refused(NotFound, one.files.get, "/root/data")


def snapshots():
    one = client.containers.get("py-one")
    first = one.snapshots.create("first", wait=True)
    expect(first.name == "first", "name")
    one.files.put("/root/after", "x")
    first.rename("second", wait=True)
    expect([s.name for s in one.snapshots.all()] == ["second"], "all snapshots")
    one.stop(wait=True, force=True)
    one.restore_snapshot("second", wait=True)
    one.start(wait=True)
    refused(NotFound, one.files.get, "/root/after")
    published = one.snapshots.get("second").publish(wait=True)
    expect(client.images.exists(published.fingerprint), "published snapshot")
    published.delete(wait=True)
    one.snapshots.get("second").delete(wait=True)
    expect(one.snapshots.all() == [], "deleted")


def rest():
    expect("default" in [p.name for p in client.storage_pools.all()], "pools")
    expect(client.storage_pools.get("default").resources.get().space["total"] > 0, "resources")
    volume = client.storage_pools.get("default").volumes.create({"name": "py", "type": "custom"})
    volume.delete()
    expect(len(client.networks.all()) > 0, "networks")


def end():
    one = client.containers.get("py-one")
    one.stop(wait=True, force=True)
    one.rename("py-two", wait=True)
    two = client.containers.get("py-two")
    image = two.publish(wait=True)
    image.delete(wait=True)
    two.delete(wait=True)
    expect(not client.containers.exists("py-two"), "deleted instance")
    client.profiles.get("py2").delete()
    client.images.get_by_alias("py").delete(wait=True)


for part in (
    server,
    images,
    profiles,
    instances,
    execute,
    files,
    snapshots,
    rest,
    end,
):
    part()
    print(part.__name__)
