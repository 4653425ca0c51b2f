"""The story of clients/go/story.go.txt told by hvac, with hvac's own methods. Argument: the JSON file that describes the world."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import hvac
from hvac import exceptions

with open(sys.argv[1]) as file:
    world = json.load(file)

steps = 0


def ok(what, value=True):
    global steps
    assert value, what
    steps += 1
    print("ok", what)
    return value


def same(got, want, what):
    assert got == want, f"{what}: got {got!r}, want {want!r}"
    ok(what)


def refused(error, what, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error:
        ok(what)
        return
    raise AssertionError(f"{what}: was not refused")


client = hvac.Client(url=world["address"])
# hvac reads ~/.vault-token of whoever runs it.
client.token = None


def with_token(token):
    return hvac.Client(url=world["address"], token=token)


RULES = """path "app/data/team/*" { capabilities = ["read", "list"] }
path "app/data/team/secret" { capabilities = ["deny"] }"""


def start():
    same(client.sys.is_initialized(), False, "not initialized")
    made = client.sys.initialize(secret_shares=3, secret_threshold=2)
    same(len(made["keys"]), 3, "three shares")
    same(client.sys.is_sealed(), True, "sealed")
    client.sys.submit_unseal_key(made["keys"][0])
    client.sys.submit_unseal_keys(made["keys"][1:])
    same(client.sys.is_sealed(), False, "unsealed")
    client.token = made["root_token"]
    same(client.is_authenticated(), True, "the root token works")
    same(client.sys.read_health_status(method="GET")["sealed"], False, "health")
    same(client.sys.read_health_status(method="HEAD").status_code, 200, "health by HEAD")
    client.sys.enable_audit_device("file", options={"file_path": world["audit"]})
    same("file/" in client.sys.list_enabled_audit_devices()["data"], True, "the audit device is listed")
    ok("audit hash", client.sys.calculate_hash("file", "text")["data"]["hash"].startswith("hmac-sha256:"))
    return made


def mounts():
    client.sys.enable_secrets_engine("kv", path="legacy", options={"version": "1"})
    client.sys.enable_secrets_engine("kv", path="app", options={"version": "2"})
    listed = client.sys.list_mounted_secrets_engines()["data"]
    same(listed["app/"]["options"], {"version": "2"}, "kv 2 is listed")
    client.sys.tune_mount_configuration("app", default_lease_ttl="1h", description="tuned")
    same(client.sys.read_mount_configuration("app")["data"]["default_lease_ttl"], 3600, "tuned")
    client.sys.enable_secrets_engine("kv", path="moving")
    client.write_data("moving/a", data={"b": "c"})
    client.sys.move_backend("moving", "moved")
    for _ in range(100):
        moved = client.read("moved/a")
        if moved is not None:
            break
        sleep(0.1)
    same(moved["data"], {"b": "c"}, "moved with its data")
    client.sys.disable_secrets_engine("moved")
    same("moved/" in client.sys.list_mounted_secrets_engines()["data"], False, "disabled")


def policies():
    client.sys.create_or_update_policy("team", RULES)
    same(client.sys.read_policy("team")["data"]["rules"], RULES, "policy as written")
    same(client.sys.list_policies()["data"]["policies"], ["default", "team", "root"], "policies are listed")
    client.sys.create_or_update_acl_policy("gone", RULES)
    same(client.sys.read_acl_policy("gone")["data"]["policy"], RULES, "acl policy")
    client.sys.delete_acl_policy("gone")
    refused(exceptions.InvalidPath, "a deleted policy", client.sys.read_acl_policy, "gone")


def kv():
    one, two = client.secrets.kv.v1, client.secrets.kv.v2
    one.create_or_update_secret("a/b", {"c": "d"}, mount_point="legacy")
    same(one.read_secret("a/b", mount_point="legacy")["data"], {"c": "d"}, "kv 1")
    same(one.list_secrets("a", mount_point="legacy")["data"]["keys"], ["b"], "kv 1 list")
    one.delete_secret("a/b", mount_point="legacy")
    refused(exceptions.InvalidPath, "kv 1 deleted", one.read_secret, "a/b", mount_point="legacy")
    at = {"path": "team/db", "mount_point": "app"}
    two.create_or_update_secret(secret={"password": "one"}, **at)
    two.create_or_update_secret(secret={"password": "two"}, cas=1, **at)
    refused(exceptions.InvalidRequest, "an old cas", two.create_or_update_secret, secret={}, cas=1, **at)
    two.patch(secret={"user": "app"}, **at)
    read = two.read_secret_version(raise_on_deleted_version=True, **at)["data"]
    same(read["data"], {"password": "two", "user": "app"}, "patched")
    same(read["metadata"]["version"], 3, "version 3")
    two.delete_secret_versions(versions=[1], **at)
    refused(exceptions.InvalidPath, "a deleted version", two.read_secret_version, version=1, raise_on_deleted_version=True, **at)
    two.undelete_secret_versions(versions=[1], **at)
    two.destroy_secret_versions(versions=[1], **at)
    two.update_metadata(max_versions=5, custom_metadata={"owner": "ann"}, **at)
    meta = two.read_secret_metadata(**at)["data"]
    same((meta["versions"]["1"]["destroyed"], meta["custom_metadata"]), (True, {"owner": "ann"}), "metadata")
    same(two.list_secrets("team", mount_point="app")["data"]["keys"], ["db"], "kv 2 list")
    two.configure(max_versions=9, mount_point="app")
    same(two.read_configuration(mount_point="app")["data"]["max_versions"], 9, "kv 2 configuration")


def sees(token, how):
    own = with_token(token)
    own.secrets.kv.v2.read_secret_version("team/db", mount_point="app", raise_on_deleted_version=True)
    ok(f"read {how}")
    refused(exceptions.Forbidden, f"denied {how}", own.read, "app/data/team/secret")
    refused(exceptions.Forbidden, f"no write {how}", own.write_data, "app/data/team/db", data={"data": {}})


def tokens():
    auth = client.auth.token
    made = auth.create(policies=["team"], ttl="1h", display_name="ci", meta={"who": "ci"})["auth"]
    sees(made["client_token"], "with a token")
    same(auth.renew(made["client_token"], increment="30m")["auth"]["lease_duration"], 1800, "renewed")
    same(auth.lookup_accessor(made["accessor"])["data"]["display_name"], "token-ci", "by accessor")
    same(made["accessor"] in auth.list_accessors()["data"]["keys"], True, "its accessor is listed")
    auth.revoke_accessor(made["accessor"])
    refused(exceptions.Forbidden, "revoked", with_token(made["client_token"]).auth.token.lookup_self)
    auth.create_or_update_role("ci", allowed_policies=["team"], orphan=True)
    same(auth.read_role("ci")["data"]["orphan"], True, "role")
    same(auth.list_roles()["data"]["keys"], ["ci"], "roles")
    role = auth.create(role_name="ci", policies=["team"])["auth"]
    same(role["orphan"], True, "by role an orphan")
    auth.delete_role("ci")
    orphan = auth.create_orphan(policies=["team"], ttl="1h")["auth"]
    auth.revoke_and_orphan_children(orphan["client_token"])
    batch = auth.create(policies=["team"], ttl="5m", type="batch")["auth"]
    sees(batch["client_token"], "with a batch token")
    auth.tidy()
    ok("tidy")


def method_login(method):
    login = world["logins"][method]
    fresh = hvac.Client(url=world["address"])
    fresh.token = None
    path, body = login["path"], login["body"]
    if method in ("userpass", "ldap"):
        name = path.split("/")[-1]
        return getattr(fresh.auth, method).login(username=name, password=body["password"], use_token=False)
    if method == "github":
        return fresh.auth.github.login(token=body["token"], use_token=False)
    if method == "jwt":
        return fresh.auth.jwt.jwt_login(role=body["role"], jwt=body["jwt"], use_token=False)
    return fresh.auth.adapter.login(url=f"/v1/auth/{method}/{path}", json=body, use_token=False)


def logins():
    for method in ("userpass", "ldap", "github", "aws", "jwt"):
        client.sys.enable_auth_method(method)
        config = world.get(method)
        if config:
            path = "config/client" if method == "aws" else "config"
            client.write_data(f"auth/{method}/{path}", data=config)
            ok(f"{method} configured", client.read(f"auth/{method}/{path}")["data"])
        for path, role in world["roles"].get(method, {}).items():
            client.write_data(f"auth/{method}/{path}", data=role)
        auth = method_login(method)["auth"]
        same("team" in auth["policies"], True, f"policies by {method}")
        same(auth["entity_id"] != "", True, f"an entity by {method}")
        sees(auth["client_token"], f"by {method}")
        own = with_token(auth["client_token"])
        same(own.auth.token.lookup_self()["data"]["path"], f"auth/{method}/{world['logins'][method]['path']}", f"path by {method}")
        ok(f"renewed by {method}", own.auth.token.renew_self()["auth"])
        wrong = world["logins"][method].get("wrong")
        if wrong:
            refused(
                (exceptions.InvalidRequest, exceptions.Forbidden),
                f"wrong credentials by {method}",
                client.auth.adapter.post,
                f"/v1/auth/{method}/{world['logins'][method]['path']}",
                json=wrong,
            )
    client.sys.tune_auth_method("userpass", default_lease_ttl="2h")
    same(client.sys.read_auth_method_tuning("userpass")["data"]["default_lease_ttl"], 7200, "auth tuned")
    same(client.auth.userpass.list_user()["data"]["keys"], ["ann"], "users")
    client.auth.userpass.update_password_on_user("ann", "another-password")
    ok("new password", client.auth.userpass.login("ann", "another-password", use_token=False)["auth"])
    client.auth.userpass.update_password_on_user("ann", world["logins"]["userpass"]["body"]["password"])


def approle():
    client.sys.enable_auth_method("approle")
    role = client.auth.approle
    role.create_or_update_approle("web", token_policies=["team"], secret_id_num_uses=20)
    same(role.list_roles()["data"]["keys"], ["web"], "roles")
    role_id = role.read_role_id("web")["data"]["role_id"]
    role.update_role_id("web", "custom-role-id")
    same(role.read_role_id("web")["data"]["role_id"], "custom-role-id", "custom role id")
    role.update_role_id("web", role_id)
    wrapped = role.generate_secret_id("web", metadata={"host": "web1"}, wrap_ttl="60s")["wrap_info"]
    same(wrapped["creation_path"], "auth/approle/role/web/secret-id", "wrapped")
    secret = client.sys.unwrap(wrapped["token"])["data"]
    same(role.read_secret_id("web", secret["secret_id"])["data"]["metadata"], {"host": "web1"}, "secret id")
    same(role.list_secret_id_accessors("web")["data"]["keys"], [secret["secret_id_accessor"]], "accessors")
    auth = role.login(role_id, secret["secret_id"], use_token=False)["auth"]
    same(auth["metadata"]["role_name"], "web", "metadata")
    sees(auth["client_token"], "by approle")
    role.destroy_secret_id_accessor("web", secret["secret_id_accessor"])
    refused(exceptions.InvalidRequest, "a destroyed secret id", role.login, role_id, secret["secret_id"])
    custom = role.create_custom_secret_id("web", "my-own-secret-id-0123456789")["data"]
    same(custom["secret_id"], "my-own-secret-id-0123456789", "custom secret id")


def wrapping():
    wrapped = client.sys.wrap({"zip": "zap"}, ttl=60)
    token = wrapped["wrap_info"]["token"]
    own = with_token(token)
    refused(exceptions.Forbidden, "a wrapping token reads nothing", own.read, "app/data/team/db")

    def open_it(_):
        try:
            return with_token(token).sys.unwrap()["data"]
        except exceptions.InvalidRequest:
            return None

    with ThreadPoolExecutor(10) as pool:
        opened = [one for one in pool.map(open_it, range(20)) if one is not None]
    same(opened, [{"zip": "zap"}], "one of twenty unwraps")


def leases():
    login = world["logins"]["userpass"]
    token = method_login("userpass")["auth"]["client_token"]
    prefix = "auth/userpass/" + login["path"]
    keys = client.sys.list_leases(prefix)["data"]["keys"]
    lease = f"{prefix}/{keys[-1]}"
    same(client.sys.read_lease(lease)["data"]["id"], lease, "lease")
    refused(exceptions.InvalidRequest, "a token's lease is renewed as a token", client.sys.renew_lease, lease, increment=600)
    client.sys.revoke_lease(lease)
    client.sys.revoke_prefix("auth/userpass/login")
    for _ in range(100):
        try:
            with_token(token).auth.token.lookup_self()
        except exceptions.Forbidden:
            ok("its token is gone")
            return
        sleep(0.1)
    raise AssertionError("the token outlives its lease")


def identity():
    ids = client.secrets.identity
    accessor = client.sys.list_auth_methods()["data"]["userpass/"]["accessor"]
    entity = ids.create_or_update_entity("bob", policies=["team"], metadata={"team": "web"})["data"]["id"]
    ids.create_or_update_entity_alias(name="bob", canonical_id=entity, mount_accessor=accessor)
    same(ids.read_entity_by_name("bob")["data"]["aliases"][0]["name"], "bob", "alias")
    same(ids.lookup_entity(alias_name="bob", alias_mount_accessor=accessor)["data"]["id"], entity, "lookup")
    group = ids.create_or_update_group("web", member_entity_ids=[entity])["data"]["id"]
    same(ids.read_group(group)["data"]["member_entity_ids"], [entity], "group")
    same(ids.lookup_group(name="web")["data"]["id"], group, "group lookup")
    external = ids.create_or_update_group("ext", group_type="external")["data"]["id"]
    alias = ids.create_or_update_group_alias("team-web", mount_accessor=accessor, canonical_id=external)["data"]["id"]
    ids.delete_group(external)
    ids.delete_group_alias(alias)
    ok("a group alias goes after its group")
    ids.delete_entity(entity)
    refused(exceptions.InvalidPath, "a deleted entity", ids.read_entity, entity)


def system():
    same(client.sys.read_leader_status()["ha_enabled"], False, "leader")
    caps = client.sys.get_capabilities(["app/data/team/db"], token=client.token)["data"]["capabilities"]
    same(caps, ["root"], "capabilities")
    client.sys.create_or_update_quota("all", rate=10000)
    ok("quota", client.sys.read_quota("all")["data"])
    same(client.sys.list_quotas()["data"]["keys"], ["all"], "quotas")
    client.sys.delete_quota("all")


def ceremonies(made):
    client.sys.rotate_encryption_key()
    same(client.sys.get_encryption_key_status()["data"]["term"], 2, "term 2")
    started = client.sys.start_rekey(secret_shares=2, secret_threshold=2)
    nonce = started.get("data", started)["nonce"]
    done = None
    for key in made["keys"][:2]:
        done = client.sys.rekey(key, nonce=nonce)
    keys = done.get("data", done)["keys"]
    same(len(keys), 2, "two new shares")
    begun = client.sys.start_root_token_generation()
    begun = begun.get("data", begun)
    same(client.sys.read_root_generation_progress().get("started"), True, "generate-root has begun")
    for key in keys:
        generated = client.sys.generate_root(key, nonce=begun["nonce"])
    same(generated["complete"], True, "a root token is generated")
    client.sys.step_down()
    client.sys.seal()
    same(client.sys.is_sealed(), True, "sealed")
    client.sys.submit_unseal_keys(keys)
    same(client.sys.is_sealed(), False, "unsealed with the new shares")


made = start()
for part in (mounts, policies, kv, tokens, logins, approle, wrapping, leases, identity, system):
    part()
ceremonies(made)
print(f"{steps} steps")
