"""What holds for every request."""

import pytest

from orders.models import Address

BODY = b'--x\r\nContent-Disposition: form-data; name="recipient"\r\n\r\n+2AA-\r\n--x--\r\n'


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "idna", "hex", "gbk"])
def test_forms_come_in_utf_8(cast, client, charset):
    client.force_login(cast.alice)
    for path in ("/account/addresses/new/", "/login/", "/admin/login/"):
        kind = f"multipart/form-data; boundary=x; charset={charset}"
        assert client.generic("POST", path, BODY, content_type=kind).status_code == 400
    assert not Address.objects.exists()
    kind = "multipart/form-data; boundary=x; charset=UTF-8"
    assert client.generic("POST", "/account/addresses/new/", BODY, content_type=kind).status_code == 422
