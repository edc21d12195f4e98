"""A department on its way from registration to service and out again."""

import asyncio

import msgspec
import pytest

from adapters.contract import Manifest
from adapters.fakes.departments import SECRETS, manifest_of
from app.core.deps import DATABASE
from app.core.keys import Keyring
from app.registry import vault
from app.registry.lifecycle import TRANSITIONS, Action, State, step
from auth.principal import Role

REASON = {"reason": "maintenance tonight"}


async def sections(gateway):
    response = await gateway.inspector.get(
        "/v1/profiles/91310115MA1YYY024Y", params={"purpose": "patrol"}
    )
    return set(response.json()["sections"])


class TestLifeCycle:
    async def test_from_registration_to_service(self, gateway, departments):
        manager = gateway.manager("health")
        manifest = manifest_of("health", departments.addresses["health"])
        registered = (await manager.post("/v1/adapters", json=manifest)).json()
        assert (registered["state"], registered["callable"]) == ("registered", False)
        assert (await manager.post("/v1/adapters/health:submit")).json()[
            "code"
        ] == "adapter.not_verified"
        operation = await gateway.examine("health")
        assert (operation["result"]["passed"], operation["progress"]["done"]) == (
            True,
            operation["progress"]["of"],
        )
        assert (await manager.get("/v1/adapters/health")).json()["state"] == "verified"
        assert (await manager.post("/v1/adapters/health:submit")).json()["state"] == "in_review"
        published = (await gateway.coordinator.post("/v1/adapters/health:approve")).json()
        assert (published["state"], published["callable"], published["reviewed_by"]) == (
            "published",
            True,
            "coordinator-1",
        )
        assert await sections(gateway) == {"health"}

    async def test_resumed_is_callable_and_suspended_is_gone_at_once(self, city):
        manager = city.manager("health")
        assert (await manager.post("/v1/adapters/health:suspend", json=REASON)).json()[
            "state"
        ] == "suspended"
        assert "health" not in await sections(city)
        assert (await manager.post("/v1/adapters/health:resume", json=REASON)).json()["callable"]
        assert "health" in await sections(city)

    async def test_nobody_reviews_the_own_adapter(self, gateway, departments):
        both = gateway.caller("two-hats", Role.DATA_MANAGER, Role.COORDINATOR, department="health")
        await both.post("/v1/adapters", json=manifest_of("health", departments.addresses["health"]))
        await gateway.examine("health")
        await both.post("/v1/adapters/health:submit")
        for verb, body in (("approve", None), ("reject", REASON)):
            response = await both.post(f"/v1/adapters/health:{verb}", json=body)
            assert (response.status_code, response.json()["code"]) == (403, "adapter.four_eyes")

    async def test_a_new_version_serves_only_when_published_and_the_old_one_meanwhile(
        self, city, departments
    ):
        manager = city.manager("health")
        manifest = manifest_of("health", departments.addresses["health"]) | {"title_zh": "卫生健康"}
        updated = (await manager.put("/v1/adapters/health", json=manifest)).json()
        assert (updated["state"], updated["version"], updated["published_version"]) == (
            "registered",
            2,
            1,
        )
        assert "health" in await sections(city)
        suspended = (await manager.post("/v1/adapters/health:suspend", json=REASON)).json()
        assert (suspended["state"], suspended["callable"]) == ("registered", False)
        resumed = (await manager.post("/v1/adapters/health:resume", json=REASON)).json()
        assert (resumed["state"], resumed["callable"]) == ("registered", True)
        again = await manager.post("/v1/adapters/health:resume", json=REASON)
        assert again.json()["code"] == "adapter.transition_refused"
        await city.examine("health")
        await manager.post("/v1/adapters/health:submit")
        published = (await city.coordinator.post("/v1/adapters/health:approve")).json()
        assert (published["published_version"], published["callable"]) == (2, True)

    async def test_a_rejected_adapter_can_be_mended(self, gateway, departments):
        manager = gateway.manager("health")
        manifest = manifest_of("health", departments.addresses["health"])
        await manager.post("/v1/adapters", json=manifest)
        await gateway.examine("health")
        await manager.post("/v1/adapters/health:submit")
        rejected = (
            await gateway.coordinator.post("/v1/adapters/health:reject", json=REASON)
        ).json()
        assert (rejected["state"], rejected["note"]) == ("rejected", REASON["reason"])
        assert (await manager.put("/v1/adapters/health", json=manifest)).json()[
            "state"
        ] == "registered"

    async def test_what_a_coordinator_suspended_only_a_coordinator_resumes(self, city):
        await city.coordinator.post("/v1/adapters/health:suspend", json=REASON)
        refused = await city.manager("health").post("/v1/adapters/health:resume", json=REASON)
        assert (refused.status_code, refused.json()["code"]) == (403, "adapter.held")
        assert (await city.coordinator.post("/v1/adapters/health:resume", json=REASON)).json()[
            "callable"
        ]

    async def test_retired_is_for_good(self, city):
        manager = city.manager("health")
        assert (await manager.post("/v1/adapters/health:retire", json=REASON)).json()[
            "state"
        ] == "retired"
        assert "health" not in await sections(city)
        for verb in ("resume", "suspend", "retire"):
            response = await manager.post(f"/v1/adapters/health:{verb}", json=REASON)
            assert (response.status_code, response.json()["code"]) == (
                409,
                "adapter.transition_refused",
            )
        assert (await manager.post("/v1/adapters/health:verify")).json()[
            "code"
        ] == "adapter.transition_refused"

    async def test_a_taken_place_is_told_at_registration(self, city, departments):
        manifest = manifest_of("health", departments.addresses["health"]) | {
            "adapter_id": "health_two"
        }
        manager = city.manager("health")
        response = await manager.post("/v1/adapters", json=manifest)
        assert (response.status_code, response.json()["code"]) == (409, "adapter.section_taken")
        assert "health serves health in 330100" in response.json()["detail"]
        elsewhere = await manager.post("/v1/adapters", json=manifest | {"region": "330106"})
        assert elsewhere.json()["region"] == "330106"
        vertical = manifest | {"adapter_id": "health_three", "axis": "vertical"}
        assert (await manager.post("/v1/adapters", json=vertical)).status_code == 201

    async def test_a_candidate_serves_beside_goes_back_and_lifts_no_hold(self, city, departments):
        manager, manifest = (
            city.manager("health"),
            manifest_of("health", departments.addresses["health"]),
        )
        await manager.put("/v1/adapters/health", json=manifest | {"title_zh": "卫健委"})
        assert (await city.examine("health"))["result"]["passed"]
        await manager.post("/v1/adapters/health:submit")
        shared = (
            await city.coordinator.post("/v1/adapters/health:approve", json={"share": 5})
        ).json()
        assert (shared["published_version"], shared["candidate_version"]) == (1, 2)
        held = await city.coordinator.post(
            "/v1/adapters/health:suspend", json={"reason": "wrong data"}
        )
        assert held.json()["callable"] is False
        refused = await manager.post("/v1/adapters/health:share", json={"share": 100})
        assert refused.json()["code"] == "adapter.held"
        back = (await city.coordinator.post("/v1/adapters/health:share", json={"share": 0})).json()
        assert (back["candidate_version"], back["callable"]) == (None, False)
        resumed = await city.coordinator.post(
            "/v1/adapters/health:resume", json={"reason": "mended"}
        )
        assert (resumed.json()["callable"], resumed.json()["published_version"]) == (True, 1)

    async def test_a_candidate_serves_the_place_of_the_version_in_service(self, city, departments):
        manager, manifest = (
            city.manager("health"),
            manifest_of("health", departments.addresses["health"]),
        )
        moved = manifest | {"region": "330106"}
        assert (await manager.put("/v1/adapters/health", json=moved)).json()["region"] == "330100"
        assert (await city.examine("health"))["result"]["passed"]
        await manager.post("/v1/adapters/health:submit")
        refused = await city.coordinator.post("/v1/adapters/health:approve", json={"share": 5})
        assert refused.json()["code"] == "adapter.transition_refused"
        whole = await city.coordinator.post("/v1/adapters/health:approve")
        assert (whole.json()["region"], whole.json()["published_version"]) == ("330106", 2)

    async def test_a_python_kind_tells_its_own_section_only(self, gateway, departments):
        manifest = manifest_of("tax", departments.addresses["tax"])
        wrong = manifest | {"adapter_id": "fire", "department": "fire", "section": "fire"}
        response = await gateway.manager("fire").post("/v1/adapters", json=wrong)
        assert response.json()["errors"][0]["pointer"] == "/body/section"

    async def test_a_managers_acts_end_at_his_region(self, city, departments):
        manifest = manifest_of("health", departments.addresses["health"])
        beyond = manifest | {"adapter_id": "health_two", "region": "330000"}
        response = await city.manager("health").post("/v1/adapters", json=beyond)
        assert response.json()["code"] == "adapter.foreign_department"
        neighbour = city.caller("m", Role.DATA_MANAGER, department="health", region="330200")
        for act in ("suspend", "retire"):
            response = await neighbour.post(
                f"/v1/adapters/health:{act}", json={"reason": "no idea"}
            )
            assert (response.status_code, response.json()["code"]) == (404, "adapter.unknown"), act
        county = city.caller("m", Role.DATA_MANAGER, department="health", region="330106")
        reason = {"reason": "of the whole city"}
        response = await county.post("/v1/adapters/health:suspend", json=reason)
        assert response.status_code == 404
        assert (await county.get("/v1/adapters")).json() == []
        untold = manifest | {"adapter_id": "health_two"}
        del untold["region"]
        response = await neighbour.post("/v1/adapters", json=untold)
        assert response.json()["region"] == "330200"

    async def test_an_address_that_may_not_be_called_is_told_at_registration(self, gateway):
        manifest = manifest_of("health", "http://169.254.169.254/latest")
        response = await gateway.manager("health").post("/v1/adapters", json=manifest)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/body/base_url"


class TestExamination:
    async def test_a_failing_department_learns_field_got_wanted_and_fix(self, gateway, departments):
        departments.set("health", "garbage")
        await gateway.manager("health").post(
            "/v1/adapters", json=manifest_of("health", departments.addresses["health"])
        )
        operation = await gateway.examine("health", case="answers_sample")
        case = operation["result"]["report"]["cases"][0]
        assert (operation["result"]["passed"], case["got"].split()[0]) == (False, "encoding")
        assert set(case["fix"]) == {"zh", "en"}

    async def test_one_passing_case_alone_verifies_nothing(self, gateway, departments):
        manager = gateway.manager("health")
        await manager.post(
            "/v1/adapters", json=manifest_of("health", departments.addresses["health"])
        )
        assert (await gateway.examine("health", case="is_stable"))["result"]["passed"]
        assert (await manager.post("/v1/adapters/health:submit")).json()[
            "code"
        ] == "adapter.not_verified"

    async def test_without_credentials_the_adapter_says_so(self, gateway, departments):
        await gateway.manager("customs").post(
            "/v1/adapters", json=manifest_of("customs", departments.addresses["customs"])
        )
        operation = await gateway.examine("customs")
        assert operation["result"]["report"]["cases"][0]["got"].startswith("credentials_rejected")


class TestCredentials:
    async def test_they_go_in_and_never_come_out(self, gateway, departments):
        manager = gateway.manager("customs")
        await manager.post(
            "/v1/adapters", json=manifest_of("customs", departments.addresses["customs"])
        )
        stored = await manager.put("/v1/adapters/customs/credentials", json=SECRETS["customs"])
        assert stored.json()["stored"] == ["api_key"]
        shown = await manager.get("/v1/adapters/customs")
        assert shown.json()["has_credentials"]
        assert SECRETS["customs"]["api_key"] not in shown.text + stored.text

    @pytest.mark.parametrize("secret", ["a\r\nHost: evil", "a\nb", "a\x00b", "钥匙", "a\x7f"])
    async def test_a_secret_that_is_more_than_one_field_is_refused(self, gateway, secret):
        manager = gateway.manager("health")
        manifest = {**manifest_of("health", "http://127.0.0.1:9"), "auth": {"kind": "api_key"}}
        assert (await manager.post("/v1/adapters", json=manifest)).status_code == 201
        answer = await manager.put("/v1/adapters/health/credentials", json={"api_key": secret})
        assert answer.status_code == 422

    @pytest.mark.parametrize("header", ["Host", "content-length", "X-Unit", "Transfer-Encoding"])
    async def test_no_declaration_gives_a_header_of_the_gateways_own(self, gateway, header):
        auth = {"kind": "api_key", "header": header}
        manifest = {**manifest_of("health", "http://127.0.0.1:9"), "auth": auth}
        answer = await gateway.manager("health").post("/v1/adapters", json=manifest)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/body/auth"

    async def test_they_go_when_the_adapter_is_retired(self, city):
        name = next(iter(SECRETS))
        manager = city.manager(name)
        assert (await manager.get(f"/v1/adapters/{name}")).json()["has_credentials"]
        assert (await manager.post(f"/v1/adapters/{name}:retire", json=REASON)).status_code == 200
        assert not (await manager.get(f"/v1/adapters/{name}")).json()["has_credentials"]

    async def test_they_must_fit_the_auth_kind(self, gateway, departments):
        manager = gateway.manager("customs")
        await manager.post(
            "/v1/adapters", json=manifest_of("customs", departments.addresses["customs"])
        )
        response = await manager.put("/v1/adapters/customs/credentials", json={"token": "x"})
        assert (response.status_code, response.json()["code"]) == (
            422,
            "adapter.credentials_invalid",
        )

    async def test_lost_credentials_show_as_the_reason_of_the_section(self, city):
        from app.core.deps import DATABASE, SNAPSHOTS
        from app.core.snapshots import bump
        from app.registry.models import AdapterCredentials

        def lose():
            with DATABASE.of(city.app).write() as session:
                session.delete(session.get(AdapterCredentials, ("customs", 1)))
                bump(session, "adapters")

        await asyncio.to_thread(lose)
        await SNAPSHOTS.of(city.app).refresh_now()
        profile = (
            await city.inspector.get(
                "/v1/profiles/91500103MAEYYY1167", params={"purpose": "patrol"}
            )
        ).json()
        assert profile["sections"]["customs"]["reason"]["code"] == "credentials_rejected"

    def test_the_vault_is_bound_to_adapter_and_secret(self):
        keys, other = Keyring(b"s" * 32), Keyring(b"t" * 32)
        tax = msgspec.convert(manifest_of("tax", "https://tax.example:8443/a"), Manifest)
        sealed = vault.seal(keys, tax, {"a": "b"})
        same = msgspec.structs.replace(
            tax, base_url="https://tax.example:8443/b", title_zh="税务局"
        )
        assert vault.unseal(keys, same, sealed) == {"a": "b"}
        assert not vault.opens(other, tax, sealed)
        for changes in (
            {"base_url": "https://evil.example/"},
            {"base_url": "https://tax.example/"},
            {"adapter_id": "fire"},
        ):
            assert not vault.opens(keys, msgspec.structs.replace(tax, **changes), sealed)
        fire = msgspec.convert(manifest_of("fire", "https://fire.example"), Manifest)
        both = msgspec.structs.replace(fire, replicas=["https://two.example/a"])
        sealed = vault.seal(keys, both, {"a": "b"})
        moved = msgspec.structs.replace(both, replicas=["https://two.example/b"])
        assert vault.unseal(keys, moved, sealed) == {"a": "b"}
        for replicas in (
            [],
            ["https://mine.example"],
            ["https://two.example", "https://mine.example"],
        ):
            changed = msgspec.structs.replace(both, replicas=replicas)
            assert not vault.opens(keys, changed, sealed)
        assert not vault.opens(keys, both, vault.seal(keys, fire, {"a": "b"}))

    async def test_a_new_address_does_not_receive_the_old_credentials(self, city, departments):
        manager = city.manager("customs")
        stolen = manifest_of("customs", departments.addresses["health"])
        updated = (await manager.put("/v1/adapters/customs", json=stolen)).json()
        assert (updated["has_credentials"], updated["callable"]) == (False, True)
        operation = await city.examine("customs")
        assert operation["result"]["report"]["cases"][0]["got"].startswith("credentials_rejected")
        profile = (
            await city.inspector.get(
                "/v1/profiles/91500103MAEYYY1167", params={"purpose": "patrol"}
            )
        ).json()
        assert profile["sections"]["customs"]["outcome"] == "fresh"

    async def test_a_rotated_secret_reaches_the_published_version_although_a_new_one_is_under_way(
        self, city, departments
    ):
        manager = city.manager("customs")
        await manager.put(
            "/v1/adapters/customs", json=manifest_of("customs", departments.addresses["customs"])
        )
        await manager.put("/v1/adapters/customs/credentials", json={"api_key": "no longer right"})
        path = "/v1/profiles/91500103MAEYYY1167"
        profile = (await city.inspector.get(path, params={"purpose": "patrol"})).json()
        assert profile["sections"]["customs"]["reason"]["code"] == "credentials_rejected"
        await manager.put("/v1/adapters/customs/credentials", json=SECRETS["customs"])
        profile = (await city.inspector.get(path, params={"purpose": "patrol"})).json()
        assert profile["sections"]["customs"]["outcome"] == "fresh"

    async def test_new_credentials_of_a_new_version_leave_the_published_one_alone(
        self, city, departments
    ):
        manager = city.manager("customs")
        manifest = manifest_of("customs", departments.addresses["customs"])
        assert (await manager.put("/v1/adapters/customs", json=manifest)).json()["has_credentials"]
        other = manifest | {"auth": {"kind": "bearer"}}
        assert not (await manager.put("/v1/adapters/customs", json=other)).json()["has_credentials"]
        stored = await manager.put(
            "/v1/adapters/customs/credentials", json={"token": "of the next version"}
        )
        assert stored.status_code == 200
        profile = (
            await city.inspector.get(
                "/v1/profiles/91500103MAEYYY1167", params={"purpose": "patrol"}
            )
        ).json()
        assert profile["sections"]["customs"]["outcome"] == "fresh"


def changed(**more):
    return manifest_of("health", "http://127.0.0.1:1") | more


@pytest.mark.parametrize(
    ("manifest", "pointer"),
    [
        ({}, "/body"),
        (changed(adapter_id="Bad Id"), "/body/adapter_id"),
        (changed(kind="no_such_kind"), "/body/kind"),
        (changed(base_url="ftp://x.example"), "/body/base_url"),
        (changed(base_url="http://user@127.0.0.1:1"), "/body/base_url"),
        (changed(replicas=["https://ok.example", "http://user@127.0.0.1:1"]), "/body/replicas/1"),
        (changed(replicas=["ftp://x.example"]), "/body/replicas/0"),
        (changed(kind="tax", replicas=["https://ok.example"]), "/body/replicas"),
        (changed(sample_business_id="91110105MA0YYY014U"), "/body/sample_business_id"),
        (changed(auth={"kind": "login"}), "/body/auth/kind"),
        (changed(kind="tax", operations=["search"]), "/body/operations"),
        (changed(surprise=1), "/body"),
        (changed(mapping={"fields": [{"to": "grade", "path": "x"}]}), "/body/mapping/fields/0/to"),
        (
            changed(mapping={"fields": [{"to": "flags", "path": "x["}]}),
            "/body/mapping/fields/0/path",
        ),
        (changed(mapping={"response": {"as_of": "x["}}), "/body/mapping/response/as_of"),
        (changed(mapping={"fields": [{"to": "flags"}]}), "/body/mapping/fields/0"),
        (changed(mapping={"request": {"path": ".evil.example/x"}}), "/body/mapping/request/path"),
        (
            changed(mapping={"response": {"no_record": [{"status": 404}]}}),
            "/body/mapping/response/no_record/0",
        ),
        (changed(mapping={"fields": [], "date_formats": ["%Y%Y"]}), "/body/mapping/date_formats/0"),
    ],
)
async def test_a_manifest_that_cannot_work_is_refused_with_the_pointer(gateway, manifest, pointer):
    response = await gateway.manager("health").post("/v1/adapters", json=manifest)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "adapter.manifest_invalid")
    assert problem["errors"][0]["pointer"] == pointer


class TestScope:
    async def test_departments_keep_to_their_own(self, gateway, departments):
        manifest = manifest_of("health", departments.addresses["health"])
        stranger = gateway.manager("fire")
        assert (await stranger.post("/v1/adapters", json=manifest)).json()[
            "code"
        ] == "adapter.foreign_department"
        await gateway.manager("health").post("/v1/adapters", json=manifest)
        assert (await gateway.manager("health").post("/v1/adapters", json=manifest)).json()[
            "code"
        ] == "adapter.exists"
        assert (await stranger.get("/v1/adapters/health")).json()["code"] == "adapter.unknown"
        assert (await stranger.get("/v1/adapters")).json() == []
        assert (await stranger.put("/v1/adapters/health", json=manifest)).json()[
            "code"
        ] == "adapter.unknown"
        assert (await stranger.post("/v1/adapters/health:verify")).json()[
            "code"
        ] == "adapter.unknown"
        operation = (await gateway.manager("health").post("/v1/adapters/health:verify")).json()
        assert (await stranger.get(f"/v1/operations/{operation['id']}")).json()[
            "code"
        ] == "operation.unknown"
        assert len((await gateway.coordinator.get("/v1/adapters")).json()) == 1

    @pytest.mark.parametrize(
        ("department", "section", "status"),
        [
            ("food", "tax", 403),
            ("fire", "culture", 403),
            ("culture", "culture", 201),
            ("market_regulation", "food", 201),
            ("food", "kitchens", 201),
        ],
    )
    async def test_a_section_is_told_by_the_department_whose_duty_it_is(
        self, gateway, department, section, status
    ):
        manifest = {
            **manifest_of("health", "http://127.0.0.1:9"),
            "adapter_id": "another",
            "department": department,
            "section": section,
        }
        manifest.pop("mapping", None)
        for caller in (gateway.manager(department), gateway.coordinator):
            answer = await caller.post("/v1/adapters", json=manifest)
            if status == 403:
                assert answer.json()["code"] == "adapter.foreign_section"
            else:
                assert answer.status_code == 201, answer.text
                break

    async def test_offices_below_do_not_register_what_is_told_above_them(self, gateway):
        manifest = manifest_of("customs", "http://127.0.0.1:9") | {"region": "330106"}
        answer = await gateway.coordinator.post("/v1/adapters", json=manifest)
        assert (answer.status_code, answer.json()["code"]) == (403, "adapter.foreign_tier")
        assert answer.json()["errors"][0]["pointer"] == "/body/region"
        answer = await gateway.coordinator.post(
            "/v1/adapters", json=manifest | {"region": "330100"}
        )
        assert answer.status_code == 201, answer.text

    async def test_what_does_not_exist(self, gateway):
        manager = gateway.manager("health")
        nobody = "00000000-0000-0000-0000-000000000000"
        assert (await manager.get("/v1/adapters/nothing")).json()["code"] == "adapter.unknown"
        assert (await manager.post("/v1/adapters/nothing:verify")).json()[
            "code"
        ] == "adapter.unknown"
        assert (await manager.get(f"/v1/operations/{nobody}")).json()["code"] == "operation.unknown"

    async def test_an_update_keeps_the_identity(self, gateway, departments):
        manifest = manifest_of("health", departments.addresses["health"])
        manager = gateway.manager("health")
        await manager.post("/v1/adapters", json=manifest)
        response = await manager.put("/v1/adapters/health", json=manifest | {"adapter_id": "other"})
        assert response.json()["code"] == "adapter.foreign_department"


class TestPreview:
    SAMPLE = {
        "business_id": "x",
        "as_of": "2026-01-01",
        "data": {
            "hygienePermit": {"code": "1", "state": "A", "until": "2027年01月02日"},
            "grade": "A",
            "staff": 3,
        },
    }

    async def test_a_pasted_sample_shows_what_it_becomes(self, gateway):
        body = {"manifest": changed(), "sample": self.SAMPLE}
        shown = (await gateway.manager("health").post("/v1/adapters:preview", json=body)).json()
        assert shown["data"]["hygiene_permit"] == "yes"
        assert shown["data"]["permits"] == [{"permit_no": "1", "valid_to": "2027-01-02"}]

    def wanted(self, path):
        mapping = {
            "response": {"record": "data"},
            "fields": [{"to": "hygiene_permit", "path": path}],
        }
        manifest = {**manifest_of("health", "http://127.0.0.1:9"), "mapping": mapping}
        return {"manifest": manifest, "sample": {"data": {"a": "yes"}}}

    async def test_a_preview_holds_up_no_writer_nor_waits_for_one(self, gateway):
        lock = DATABASE.of(gateway.app).lock
        if lock is not None:
            lock.acquire()
        try:
            async with asyncio.timeout(5):
                answer = await gateway.manager("health").post(
                    "/v1/adapters:preview", json=self.wanted("a")
                )
        finally:
            if lock is not None:
                lock.release()
        assert answer.status_code == 200, answer.text

    async def test_the_price_of_a_preview_is_bounded(self, gateway):
        wanted = self.wanted("|".join(["a", *["[@,@][]"] * 8]))
        wanted["sample"]["data"]["a"] = list(range(200))
        answer = await gateway.manager("health").post("/v1/adapters:preview", json=wanted)
        assert answer.status_code == 422
        assert "worth" in answer.json()["detail"]

    async def test_a_preview_needs_no_credentials(self, gateway):
        body = {"manifest": changed(auth={"kind": "api_key"}), "sample": self.SAMPLE}
        assert (
            await gateway.manager("health").post("/v1/adapters:preview", json=body)
        ).status_code == 200

    async def test_a_value_that_cannot_be_read_is_named_beside_what_can(self, gateway):
        sample = {"data": {"grade": "Z", "staff": 3}}
        body = {"manifest": changed(), "sample": sample}
        shown = (await gateway.manager("health").post("/v1/adapters:preview", json=body)).json()
        assert shown["data"]["staff_health_certs"] == 3
        assert shown["unreadable"] == [
            {"pointer": "/quantified_grade", "wanted": "code", "told": "Z"}
        ]
        assert shown["decoded"] == sample

    async def test_a_sample_that_does_not_fit_names_the_field(self, gateway):
        sample = {"data": {"note": "Z"}}
        response = await gateway.manager("health").post(
            "/v1/adapters:preview", json={"manifest": changed(), "sample": sample}
        )
        assert response.json()["code"] == "adapter.sample_invalid"
        assert "the answer has note" in response.json()["detail"]


def test_the_life_cycle_has_no_way_back_from_retired_and_publishes_only_after_review():
    assert all(state is not State.RETIRED for state, _ in TRANSITIONS)
    ways = {
        (s, a)
        for (s, a), to in TRANSITIONS.items()
        if to is State.PUBLISHED and s is not State.PUBLISHED
    }
    assert ways == {(State.IN_REVIEW, Action.APPROVE), (State.SUSPENDED, Action.RESUME)}
    assert step(State.REGISTERED, Action.APPROVE) is None


@pytest.mark.parametrize("text", ["健康\u0000", "健康\ud800"])
async def test_a_manifest_with_unstorable_texts_is_refused(gateway, text):
    import json

    body = json.dumps(changed(contact=text))
    response = await gateway.manager("health").post(
        "/v1/adapters", content=body, headers={"content-type": "application/json"}
    )
    assert (response.status_code, response.json()["code"]) == (422, "adapter.manifest_invalid")


async def test_registering_twice_at_once_makes_one(gateway, departments):
    manifest, manager = (
        manifest_of("health", departments.addresses["health"]),
        gateway.manager("health"),
    )
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(manager.post("/v1/adapters", json=manifest)) for _ in range(6)]
    answers = sorted((t.result().status_code, t.result().json().get("code", "")) for t in tasks)
    assert answers[0] == (201, "")
    assert {a[0] for a in answers[1:]} == {409}
    assert {a[1] for a in answers[1:]} <= {"adapter.exists", "request.crossed"}


async def test_an_update_keeps_the_section(city, departments):
    manifest = manifest_of("health", departments.addresses["health"]) | {
        "section": "hygiene",
        "mapping": {"fields": []},
    }
    response = await city.manager("health").put("/v1/adapters/health", json=manifest)
    assert response.json()["code"] == "adapter.foreign_department"
