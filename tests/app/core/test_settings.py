"""What a deployment must say."""

import pytest

from app.core.settings import Settings, SettingsError
from app.main import create_app
from tests.fixtures.gateway import settings


class TestSettings:
    def test_production_refuses_to_start_unconfigured_and_names_everything(self):
        with pytest.raises(SettingsError) as caught:
            create_app(Settings())
        for name in (
            "ONEVISIT_SECRET_KEY",
            "ONEVISIT_ISSUER",
            "ONEVISIT_AUDIENCE",
            "ONEVISIT_JWKS_FILE",
        ):
            assert name in str(caught.value)

    @pytest.mark.parametrize(
        "more",
        [
            {"secret_key": "short"},
            {"workers": 2, "database_url": "sqlite:///x.db"},
            {"jwks_file": None},
        ],
    )
    def test_contradictions_are_refused(self, more, tmp_path):
        values = {
            "secret_key": "x" * 32,
            "issuer": "i",
            "audience": "a",
            "jwks_file": tmp_path / "jwks.json",
            **more,
        }
        with pytest.raises(SettingsError):
            Settings(**values).require_complete()

    def test_lists_come_from_commas_and_nothing_shows_the_secret(self, tmp_path):
        found = settings("sqlite:///x.db", tmp_path, egress_ports="443, 8443", qr_hosts="a.cn,b.cn")
        assert (found.egress_ports, found.qr_hosts) == ((443, 8443), ("a.cn", "b.cn"))
        assert "forty" not in repr(found)

    async def test_an_unmigrated_database_is_refused_with_the_remedy(self, tmp_path, jwks_file):
        app = create_app(settings(f"sqlite:///{tmp_path / 'empty.db'}", jwks_file))
        with pytest.raises(SettingsError, match="onevisit migrate"):
            async with app.router.lifespan_context(app):
                pass
