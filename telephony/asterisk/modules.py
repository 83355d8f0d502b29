"""Room telephony/asterisk: the modules an instance loads, and no others."""

_CORE = (
    "res_timing_timerfd", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb",
    "pbx_config", "res_security_log", "res_crypto",
)  # fmt: skip
_SIP = (
    "res_pjproject", "res_pjsip", "res_pjsip_session", "res_pjsip_authenticator_digest",
    "res_pjsip_outbound_authenticator_digest", "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user", "res_pjsip_registrar", "res_pjsip_sdp_rtp",
    "res_pjsip_dtmf_info", "res_pjsip_caller_id", "res_pjsip_nat", "res_pjsip_rfc3326",
    "res_pjsip_logger", "res_pjsip_path", "res_pjsip_acl", "res_pjsip_pubsub", "chan_pjsip",
    "res_rtp_asterisk", "res_srtp", "res_pjsip_outbound_registration",
)  # fmt: skip
_AUDIO = (
    "codec_alaw", "codec_ulaw", "codec_a_mu", "codec_resample", "codec_g722", "format_wav",
    "format_pcm", "format_sln", "codec_opus_open_source", "res_format_attr_opus",
)  # fmt: skip
# No bridge_native_rtp: voice passes where it can be recorded and listened to. Where recording was
# stopped in a talk (a full disk), it took over, and the citizen heard the operator no more.
_BRIDGES = (
    "bridge_simple", "bridge_softmix", "bridge_holding", "bridge_builtin_features",
    "chan_bridge_media",
)  # fmt: skip
_APPS = (
    "app_playback", "app_mixmonitor", "app_stack", "app_celgenuserevent",
    "app_exec", "app_read", "app_dial", "res_musiconhold",
)  # fmt: skip
_FUNCTIONS = (
    "func_callerid", "func_channel", "func_logic", "func_strings", "func_timeout", "func_global",
    "func_cut", "func_hangupcause", "func_pjsip_endpoint", "func_pjsip_aor", "func_pjsip_contact",
)  # fmt: skip

_SHARED = _CORE + _SIP + _AUDIO + _BRIDGES + _APPS + _FUNCTIONS

PBX_MODULES = (
    *_SHARED,
    "app_confbridge",
    "app_queue",
    "app_chanspy",
    "app_db",
    "app_playtones",
    "func_db",
    "func_groupcount",
    "res_cdrel_custom",
    "cel_custom",
    "func_dialplan",
    "res_speech",  # res_agi does not load without it
    "res_agi",
    "app_record",
    "res_hep",
    "res_hep_pjsip",
)

# The simulated city's carrier and phones.
CARRIER_MODULES = (
    *_SHARED, "app_playtones", "app_senddtmf", "app_echo",
    "app_record", "app_verbose", "app_userevent", "res_pjsip_header_funcs",
)  # fmt: skip
