"""Drives two servers over the network with Debian's python3-pylxd, and what is less usual of one.

usage: servers.py SOCKET URL OTHER-URL CERTIFICATE KEY METADATA.tar.gz ROOT.tar.gz POOL-DRIVER
prints one line for each part that holds. The password is "sesame", the image "py" on the first.
"""

import os
import sys
import tempfile
import threading
import time
import urllib.parse

import pylxd
import requests
from pylxd.client import EventType
from pylxd.exceptions import LXDAPIException, NotFound

from checks import expect, refused

requests.packages.urllib3.disable_warnings()
(socket, here_url, there_url, certificate, key, metadata, root, driver) = sys.argv[1:]
local = pylxd.Client(endpoint="http+unix://" + urllib.parse.quote(socket, safe=""))


def remote(url):
    return pylxd.Client(endpoint=url, cert=(certificate, key), verify=False)


here = remote(here_url)
there = remote(there_url)


def trust():
    expect(not here.trusted, "nobody is known yet")
    refused(LXDAPIException, here.containers.all)
    refused(LXDAPIException, here.authenticate, "wrong")
    for client in (here, there):
        client.authenticate("sesame")
        expect(client.trusted, "known by the password")
    with open(certificate, "rb") as data:
        refused(LXDAPIException, local.certificates.create, "", data.read())
    known = local.certificates.all()
    expect(len(known) == 1, "one certificate")
    expect("BEGIN CERTIFICATE" in local.certificates.get(known[0].fingerprint).certificate, "text")


def events():
    seen = []
    listening = threading.Event()

    class Listener(pylxd.client._WebsocketClient):
        def handshake_ok(self):
            super().handshake_ok()
            listening.set()

        def received_message(self, message):
            super().received_message(message)
            seen.append(str(message))
            if "profile-created" in str(message):
                self.close()

    socket = here.events(websocket_client=Listener, event_types={EventType.Lifecycle})
    socket.sock.settimeout(30)
    if here_url.startswith("https"):
        import ssl

        socket.ssl_options = {
            "certfile": certificate,
            "keyfile": key,
            "cert_reqs": ssl.CERT_NONE,
        }
    socket.connect()
    runner = threading.Thread(target=socket.run, daemon=True)
    runner.start()
    expect(listening.wait(30), "no handshake")
    local.profiles.create("seen")
    runner.join(30)
    expect(any("profile-created" in text for text in seen), "events " + repr(seen))
    local.profiles.get("seen").delete()


def images():
    with open(metadata, "rb") as one, open(root, "rb") as two:
        image = local.images.create(two.read(), metadata=one.read(), public=True)
    expect(local.images.get(image.fingerprint).public, "public")
    image.add_alias("split", "")
    image.delete_alias("split")
    expect(not local.images.exists("split", alias=True), "alias is gone")
    # For a public image pylxd does not say which certificate the other server has.
    refused(LXDAPIException, here.images.get(image.fingerprint).copy, there, wait=True)
    image.delete(wait=True)
    refused(NotFound, local.images.get, image.fingerprint)
    secret = here.images.get_by_alias("py")
    copied = secret.copy(there, wait=True)
    expect(copied.fingerprint == secret.fingerprint, "private image copied")
    expect(secret.copy(there, wait=True).fingerprint == secret.fingerprint, "copied again")


def containers():
    one = local.containers.create(
        {"name": "wander", "source": {"type": "image", "alias": "py"}}, wait=True
    )
    one.start(wait=True)
    out, err = [], []
    result = one.execute(
        ["sh", "-c", "echo a; sleep 0.2; echo b; echo c >&2"],
        stdout_handler=out.append,
        stderr_handler=err.append,
    )
    expect(result.exit_code == 0, "exit code with handlers")
    expect("".join(out) == "a\nb\n" and "".join(err) == "c\n", "handlers " + repr((out, err)))
    result = one.execute(["head", "-c", "5", "/dev/zero"], decode=False)
    expect(bytes(result.stdout) == b"\0" * 5, "bytes " + repr(result))
    urls = one.raw_interactive_execute(["true"])
    expect(urls["ws"].startswith("/1.0/operations/") and "secret=" in urls["control"], "urls")
    with tempfile.TemporaryDirectory() as tree:
        os.makedirs(tree + "/below/deep")
        for name in ("top", "below/one", "below/deep/two"):
            with open(tree + "/" + name, "w") as file:
                file.write(name)
        one.files.recursive_put(tree, "/root/tree", uid=5)
        refused(NotADirectoryError, one.files.recursive_put, tree + "/top", "/root/x")
    expect(one.files.get("/root/tree/below/deep/two") == b"below/deep/two", "recursive_put")
    expect(one.execute(["stat", "-c", "%u", "/root/tree/top"]).stdout == "5\n", "owner")
    one.patch({"config": {"user.patched": "1"}}, wait=True)
    expect(one.config["user.patched"] == "1", "patch")
    one.description = "changed"
    one.save(wait=True)
    expect(local.containers.get("wander").description == "changed", "description")
    first = one.snapshots.create("first", wait=True)
    one.files.delete("/root/tree/top")
    one.stop(wait=True)
    first.restore(wait=True)
    one.start(wait=True)
    expect(one.files.get("/root/tree/top") == b"top", "restored")
    one.stop(wait=True)
    operation = local.api.containers["wander"].state.put(json={"action": "start"}).json()["operation"]
    ended = local.operations.wait_for_operation(operation)
    expect(ended.status == "Success" and ended.status_code == 200, "operation")
    expect("wander" in ended.resources["instances"][0], "resources " + repr(ended.resources))
    refused(LXDAPIException, one.delete, wait=True)
    one.stop(wait=True)


def await_gone():
    """pylxd does not wait for the end of the deletion."""
    due = time.monotonic() + 30
    while local.containers.exists("wander"):
        expect(time.monotonic() < due, "gone from the source")
        time.sleep(0.1)


def migration():
    refused(ValueError, local.containers.get("wander").migrate, there)
    moved = here.containers.get("wander").migrate(there, wait=True)
    expect(moved.name == "wander", "migrated")
    await_gone()
    moved = there.containers.get("wander")
    expect([s.name for s in moved.snapshots.all()] == ["first"], "its snapshot came along")
    moved.start(wait=True)
    expect(moved.files.get("/root/tree/below/one") == b"below/one", "its files came along")
    moved.stop(wait=True)
    back = here.containers.create(moved.generate_migration_data(), wait=True)
    expect(back.config["user.patched"] == "1", "its configuration came along")
    moved.delete(wait=True)
    back.delete(wait=True)


def networks():
    made = local.networks.create(
        "pybr0", description="one", type="bridge", config={"ipv4.address": "none", "ipv6.address": "none"}
    )
    expect(made.managed and made.type == "bridge", "network")
    made.config["ipv4.address"] = "10.231.98.1/24"
    made.description = "two"
    made.save()
    expect(local.networks.get("pybr0").config["ipv4.address"] == "10.231.98.1/24", "saved network")
    refused(LXDAPIException, local.networks.create, "a name that is too long")
    local.networks.get("pybr0").delete()
    expect(not local.networks.exists("pybr0"), "deleted network")


def storage():
    pool = local.storage_pools.create({"name": "pypool", "driver": driver, "config": {}})
    pool.patch({"config": {"user.a": "1"}})
    pool.description = "changed"
    pool.save()
    pool = local.storage_pools.get("pypool")
    expect(pool.description == "changed" and pool.config["user.a"] == "1", "saved pool")
    volume = pool.volumes.create({"name": "v1", "type": "custom"})
    volume.config["user.b"] = "2"
    volume.save()
    expect(pool.volumes.get("custom", "v1").config["user.b"] == "2", "saved volume")
    volume.patch({"config": {"user.c": "3"}})
    volume.rename({"name": "v2", "pool": "pypool"})
    refused(NotFound, pool.volumes.get, "custom", "v1")
    expect([v.name for v in pool.volumes.all() if v.type == "custom"] == ["v2"], "all volumes")
    refused(LXDAPIException, pool.delete)
    pool.volumes.get("custom", "v2").delete()
    pool.delete()
    expect(not local.storage_pools.exists("pypool"), "deleted pool")


def profiles():
    made = local.profiles.create("pyp", config={"user.a": "1"}, devices={"n": {"type": "none"}})
    made.patch({"config": {"user.b": "2"}})
    expect(made.config["user.b"] == "2", "patched profile")
    made.put({"description": "new", "config": {"user.c": "3"}, "devices": {}})
    expect(local.profiles.get("pyp").config == {"user.c": "3"}, "replaced profile")
    made.delete()


def distrust():
    local.certificates.all()[0].delete()
    expect(local.certificates.all() == [], "no certificate")
    expect(not remote(here_url).trusted, "forgotten")
    refused(LXDAPIException, remote(here_url).containers.all)


for part in (
    trust,
    events,
    images,
    containers,
    migration,
    networks,
    storage,
    profiles,
    distrust,
):
    part()
    print(part.__name__, flush=True)
