"""Room hotline/doctor: trunks and phones: do they answer, are they registered, in which codec?"""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from hotline.doctor.findings import NOT_ASKED, Finding, Patient, warning, well, wrong
from telephony.asterisk.certificate import belongs_to, expires, is_self_signed, names_of
from telephony.trunks.asking import ask_trunks
from telephony.trunks.choosing import TrunkState
from telephony.trunks.trunk import Trunk

# A codec on both sides but of different kinds needs Asterisk's own module to translate.
_CODEC_MODULES = {
    "alaw": "codec_alaw", "ulaw": "codec_ulaw", "g722": "codec_g722",
    "opus": "codec_opus_open_source",
}  # fmt: skip


async def trunks(patient: Patient) -> list[Finding]:
    """OPTIONS and registration of each."""
    installation = patient.installation
    if not patient.asterisk_runs:
        return [NOT_ASKED]
    told = await ask_trunks(installation.asterisk, installation.trunks)
    found: list[Finding] = []
    for trunk in installation.trunks:
        found += _trunk(trunk, *told[trunk.name])
    return found


def _trunk(trunk: Trunk, state: TrunkState, registration: str) -> list[Finding]:
    where = f"{trunk.name} ({trunk.host}:{trunk.port} {trunk.transport})"
    found: list[Finding] = []
    if state is TrunkState.DOWN:
        found.append(
            wrong(
                f"中继 {where} 不应答 OPTIONS", f"trunk {where} does not answer OPTIONS",
                "核对 host、port、transport 与防火墙;请运营商放行本机地址",
                "check host, port, transport and firewall; ask the carrier to let us in",
            )
        )  # fmt: skip
    elif state is TrunkState.UNKNOWN:
        found.append(
            warning(
                f"中继 {where} 尚未探测", f"trunk {where} has not been asked yet",
                "十秒后再试", "try again in ten seconds",
            )
        )  # fmt: skip
    if trunk.registers and registration != "Registered":
        found.append(
            wrong(
                f"中继 {trunk.name} 未注册:{registration or '?'}",
                f"trunk {trunk.name} is not registered: {registration or '?'}",
                f"核对 user 与密码(hotline trunk password {trunk.name})",
                f"check user and password (hotline trunk password {trunk.name})",
            )
        )  # fmt: skip
    if trunk.srtp and trunk.transport != "tls":
        found.append(
            warning(
                f"中继 {trunk.name} 的 SRTP 密钥以明文传送",
                f"trunk {trunk.name} sends its SRTP keys in the clear",
                "transport 改为 tls", "set its transport to tls",
            )
        )  # fmt: skip
    return found or [well(f"{where} 应答", f"{where} answers")]


async def codecs(patient: Patient) -> list[Finding]:
    """What is offered can be translated into what the other side has."""
    installation = patient.installation
    offered = {codec for trunk in installation.trunks for codec in trunk.codecs}
    offered |= set(installation.settings.phone_codecs)
    if not patient.asterisk_runs:
        return [NOT_ASKED]
    shown = await patient.console("module show like codec_")
    missing = sorted(codec for codec in offered if _CODEC_MODULES[codec] not in shown)
    if missing:
        names = ", ".join(missing)
        return [
            wrong(
                f"编解码 {names} 无法转换", f"nothing translates {names}",
                "从 codecs / phone_codecs 中删去,或重建 var/rootfs",
                "take it out of codecs / phone_codecs, or build var/rootfs anew",
            )
        ]  # fmt: skip
    return [well(", ".join(sorted(offered)), ", ".join(sorted(offered)))]


async def phones(patient: Patient) -> list[Finding]:
    installation = patient.installation
    if not patient.asterisk_runs:
        return [NOT_ASKED]
    shown = await patient.console("pjsip show contacts")
    known = await patient.console("pjsip show endpoints")
    extensions = [phone.extension for phone in installation.phones]
    absent = [ext for ext in extensions if f"{ext}/sip" not in shown]
    untold = [
        ext for ext in extensions if f" {ext}/{ext} " not in known and f" {ext} " not in known
    ]
    if untold:
        names = ", ".join(untold)
        return [
            wrong(f"Asterisk 不认识话机 {names}", f"Asterisk does not know phone {names}",
                  "重启热线", "restart the hotline")
        ]  # fmt: skip
    if len(absent) == len(extensions):
        return [
            wrong(
                "没有一部话机已注册:无人能接听", "not one phone is signed in: nobody can answer",
                "核对话机帐号(hotline phone secret EXT)与网络",
                "check the phones' accounts (hotline phone secret EXT) and the network",
            )
        ]  # fmt: skip
    if absent:
        names = ", ".join(absent)
        return [
            warning(f"未注册:{names}", f"not signed in: {names}",
                    "话机通电、联网、帐号是否正确", "power, network, account of these phones")
        ]  # fmt: skip
    return [well(f"{len(extensions)} 部均已注册", f"all {len(extensions)} signed in")]


async def certificate(patient: Patient) -> list[Finding]:
    settings = patient.installation.settings
    if settings.sip_tls_port is None:
        return [well("未启用 TLS", "TLS is not used")]
    path = settings.tls_cert or settings.data_dir / "tls" / "cert.pem"
    key = settings.tls_key or settings.data_dir / "tls" / "key.pem"
    try:
        ends, own, fits = expires(path), is_self_signed(path), belongs_to(path, key)
        names = names_of(path)
    except (OSError, ValueError) as error:
        return [
            wrong(f"证书 {path} 无法读取", f"certificate {path}: {error}",
                  "核对 tls_cert", "check tls_cert")
        ]  # fmt: skip
    found: list[Finding] = []
    until = f"{ends:%Y-%m-%d}"
    if not fits:
        found.append(
            wrong(
                f"私钥 {key} 与证书 {path} 不配对", f"{key} is not the key of {path}",
                "核对 tls_cert、tls_key 后重启", "check tls_cert and tls_key, then restart",
            )
        )  # fmt: skip
    announced = settings.public_address or settings.sip_address
    # A name may well lead here: only addresses can be told to be others.
    if announced not in names and not any(_is_name(name) for name in names):
        found.append(warning(f"证书属于 {', '.join(names)},而话机连接 {announced}",
                             f"the certificate is for {', '.join(names)}, phones call {announced}",
                             "更换证书", "have one made for that address"))  # fmt: skip
    if ends < datetime.now(UTC):
        found.append(wrong(f"证书已于 {until} 过期", f"the certificate ended on {until}",
                           "更换后重启", "put in a new one and restart"))  # fmt: skip
    elif ends < datetime.now(UTC) + timedelta(days=30):
        found.append(warning(f"证书将于 {until} 过期", f"the certificate ends on {until}",
                             "尽快更换", "put in a new one soon"))  # fmt: skip
    if own:
        found.append(
            warning(
                "证书为自签名:话机无法核实本机", "self-signed: phones cannot tell that it is us",
                "设置 tls_cert、tls_key", "set tls_cert and tls_key",
            )
        )  # fmt: skip
    if any(t.transport == "tls" for t in patient.installation.trunks) and settings.tls_ca is None:
        found.append(
            warning(
                "未核实运营商证书", "the carrier's certificate is not checked",
                "设置 tls_ca", "set tls_ca",
            )
        )  # fmt: skip
    return found or [well(f"有效至 {until}", f"valid until {until}")]


def _is_name(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return True
    return False
