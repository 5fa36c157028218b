"""What Stripe's API asks for and answers with, as far as this app meets it.

Taken from the typings of stripe-python 16.1.0 (API version 2026-10-28.endive): parameter names,
types and values from its ``*_params.py``, required fields from what its resources do not mark
``Optional``. For checkout.session, subscription_item and product that list was compared with a
stored copy of Stripe's published OpenAPI document of about the same time: the same, except that the
document does not know ``plan`` (on an item) and ``type`` (on a product). Marked ``!!`` is what the
typings leave optional and Stripe asks for all the same, by its documentation or by experience.
The wording of errors is Stripe's as remembered.
"""

import re
from typing import Any

API_VERSION = "2026-10-28.endive"

# "name", "name:kind", and "!" for required. Kinds: int, bool, list (of strings), map (metadata),
# time (a number or gt/gte/lt/lte), any (not looked at), a|b (one of), {x} and [x] (NESTED below);
# none: a string.
_LIST = "created:time ending_before expand:list limit:int starting_after "
_CUSTOMER = (
    "address:any balance:int business_name:any cash_balance:any description email expand:list "
    "individual_name:any invoice_prefix invoice_settings:any metadata:map name phone source "
    "next_invoice_sequence:int preferred_locales:list shipping:any tax:any tax_exempt:any "
    "validate:bool "
)
_SUBSCRIPTION = (
    "add_invoice_items:any application_fee_percent:any automatic_tax:any billing_schedules:any "
    "billing_thresholds:any cancel_at:any cancel_at_period_end:bool days_until_due:int "
    "collection_method:charge_automatically|send_invoice default_payment_method description:any "
    "default_source:any default_tax_rates:any discounts:any expand:list invoice_settings:any "
    "metadata:map off_session:bool on_behalf_of:any payment_settings:any trial_from_plan:bool "
    "payment_behavior:allow_incomplete|default_incomplete|error_if_incomplete|"
    "pending_if_incomplete "
    "pending_invoice_item_interval:any proration_behavior:always_invoice|create_prorations|none "
    "transfer_data:any trial_end:any trial_settings:any "
)
PARAMS = {
    "POST /v1/customers": _CUSTOMER + "payment_method tax_id_data:any test_clock",
    "POST /v1/customers/{id}": _CUSTOMER + "default_source",
    "GET /v1/customers": _LIST + "email test_clock",
    "POST /v1/subscriptions": _SUBSCRIPTION
    + "backdate_start_date:int billing_cycle_anchor:int billing_cycle_anchor_config:any currency "
    "billing_mode:any customer!! customer_account items:[item]!! trial_period_days:int",
    "POST /v1/subscriptions/{id}": _SUBSCRIPTION
    + "billing_cycle_anchor:any cancellation_details:any items:[item] pause_collection:any "
    "proration_date:int",
    "DELETE /v1/subscriptions/{id}": "cancellation_details:any expand:list invoice_now:bool "
    "prorate:bool",
    "GET /v1/subscriptions": _LIST
    + "automatic_tax:any collection_method:charge_automatically|send_invoice customer "
    "current_period_end:time current_period_start:time customer_account plan price test_clock "
    "status:active|all|canceled|ended|incomplete|incomplete_expired|past_due|paused|trialing|unpaid",
    "POST /v1/checkout/sessions": "adaptive_pricing:any after_expiration:any "
    "allow_promotion_codes:bool allowed_payment_method_types:list automatic_tax:any "
    "billing_address_collection:auto|required branding_settings:any cancel_url currency "
    "client_reference_id consent_collection:any custom_fields:any custom_text:any customer "
    "customer_account customer_creation:always|if_required customer_email customer_update:any "
    "discounts:any excluded_payment_method_types:list expand:list expires_at:int "
    "integration_identifier invoice_creation:any line_items:[line]!! locale managed_payments:any "
    "metadata:map mode:payment|setup|subscription!! name_collection:any optional_items:any "
    "origin_context:mobile_app|web payment_intent_data:any payment_method_data:any "
    "payment_method_collection:always|if_required payment_method_configuration return_url "
    "payment_method_options:any permissions:any phone_number_collection:any "
    "redirect_on_completion:always|if_required|never saved_payment_method_options:any "
    "setup_intent_data:any shipping_address_collection:any shipping_options:any success_url "
    "submit_type:auto|book|donate|pay|subscribe subscription_data:{data} tax_id_collection:any "
    "ui_mode:elements|embedded_page|form|hosted_page wallet_options:any",
    "GET /v1/checkout/sessions": _LIST
    + "customer customer_account customer_details:any payment_intent payment_link "
    "status:complete|expired|open subscription",
    "POST /v1/billing_portal/sessions": "after_expiration:any configuration customer!! "
    "customer_account expand:list flow_data:{flow} locale on_behalf_of return_url",
    "GET /v1/billing_portal/configurations": _LIST + "active:bool is_default:bool",
    "GET /v1/products": _LIST + "active:bool ids:list shippable:bool type:good|service url",
    "GET /v1/prices": _LIST
    + "active:bool currency lookup_keys:list product recurring:any type:one_time|recurring",
    "GET /v1/invoices": _LIST
    + "collection_method:charge_automatically|send_invoice customer customer_account due_date:time "
    "status:draft|open|paid|uncollectible|void subscription",
    "GET /v1/events": _LIST + "delivery_success:bool type types:list",
    "DELETE /v1/customers/{id}": "",
    "POST /v1/checkout/sessions/{id}/expire": "expand:list",
    "GET /v1/checkout/sessions/{id}/line_items": _LIST.replace("created:time ", ""),
} | {
    f"GET /v1/{name}/{{id}}": "expand:list"
    for name in ("customers", "subscriptions", "checkout/sessions", "products", "prices", "events")
}
_FLOW = "customer_update payment_method_update subscription_cancel subscription_pause "
NESTED = {
    "item": "billing_thresholds:any clear_usage:bool current_trial:any deleted:bool discounts:any "
    "id metadata:map plan price price_data:any quantity:int tax_rates:any",
    "line": "adjustable_quantity:any metadata:map price!! price_data:any quantity:int!! "
    "tax_rates:list",
    "data": "application_fee_percent:any billing_cycle_anchor:int billing_cycle_anchor_config:any "
    "billing_mode:any default_tax_rates:list description invoice_settings:any metadata:map "
    "on_behalf_of pending_invoice_item_interval:any proration_behavior:create_prorations|none "
    "transfer_data:any trial_end:int trial_period_days:int trial_settings:any",
    "flow": "after_completion:{after} subscription_cancel:{sub} subscription_pause:{sub} "
    "subscription_update:{sub} subscription_update_confirm:{confirm} "
    "type:" + (_FLOW + "subscription_update subscription_update_confirm").replace(" ", "|") + "!",
    "after": "hosted_confirmation:any redirect:any type:hosted_confirmation|portal_homepage|"
    "redirect!",
    "sub": "retention:any subscription!",
    "confirm": "discounts:any items:[item]! subscription!",
}
# What an object always has; "list" is what every list has.
REQUIRED = {
    "billing_portal.session": "configuration created customer id livemode object url",
    "charge": "id object",
    "checkout.session": "automatic_tax created custom_fields custom_text expires_at id livemode "
    "mode object payment_method_types payment_status shipping_options",
    "customer": "created id livemode object",
    "dispute": "amount balance_transactions charge created currency enhanced_eligibility_types "
    "evidence evidence_details id is_charge_refundable livemode metadata object reason status",
    "event": "created data id livemode object pending_webhooks type",
    "invoice": "amount_due amount_overpaid amount_paid amount_remaining amount_shipping "
    "attempt_count attempted automatic_tax collection_method created currency default_tax_rates "
    "discounts id issuer lines livemode object payment_settings period_end period_start "
    "post_payment_credit_notes_amount pre_payment_credit_notes_amount starting_balance "
    "status_transitions subtotal total",
    "item": "amount_discount amount_subtotal amount_tax amount_total currency id object",
    "list": "data has_more object url",
    "plan": "active billing_scheme created currency id interval interval_count livemode object "
    "usage_type",
    "price": "active billing_scheme created currency id livemode metadata object product type",
    "product": "active created id images livemode marketing_features metadata name object type "
    "updated",
    "subscription": "automatic_tax billing_cycle_anchor billing_mode billing_schedules "
    "cancel_at_period_end collection_method created currency customer discounts id "
    "invoice_settings items livemode metadata object start_date status",
    "subscription_item": "created current_period_end current_period_start discounts id metadata "
    "object plan price subscription",
}
_WORD = re.compile(r"(\w+)(?::([^!\s]+))?(!*)$")


class ApiError(Exception):
    """What Stripe answers with anything but 200."""

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        type: str = "invalid_request_error",
        status: int = 400,
    ) -> None:
        super().__init__(message)
        self.status = status
        error = {"type": type, "code": code, "message": message, "param": param}
        self.body = {"error": {key: value for key, value in error.items() if value is not None}}


def check(endpoint: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with their types; raises ApiError as Stripe would."""
    return _check_table(PARAMS[endpoint], params, "")


def missing(body: Any, where: str = "") -> list[str]:
    """Return which required fields are not there, in an answer and in all that it holds."""
    if isinstance(body, list):
        return [name for entry in body for name in missing(entry, where)]
    if not isinstance(body, dict):
        return []
    kind = body.get("object") if isinstance(body.get("object"), str) else None
    wanted = "id object" if body.get("deleted") else REQUIRED.get(kind or "", "")
    missing_fields = [f"{where}{kind}.{name}" for name in wanted.split() if body.get(name) is None]
    return missing_fields + [
        name for key, value in body.items() for name in missing(value, f"{where}{key}>")
    ]


def _check_table(table: str, params: dict[str, Any], prefix: str) -> dict[str, Any]:
    words = [_WORD.match(word) for word in table.split()]
    kinds = {match[1]: match[2] or "" for match in words if match}
    for name in params:
        if name not in kinds:
            param = _name(prefix, name)
            raise ApiError(
                f"Received unknown parameter: {param}", param=param, code="parameter_unknown"
            )
    for match in words:
        if match and match[3] and match[1] not in params:
            param = _name(prefix, match[1])
            raise ApiError(
                f"Missing required param: {param}.", param=param, code="parameter_missing"
            )
    return {name: _typed(kinds[name], value, _name(prefix, name)) for name, value in params.items()}


def _name(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _typed(kind: str, value: Any, param: str) -> Any:
    if kind == "any":
        return value
    if kind[:1] in ("{", "["):
        return _nested(kind, value, param)
    if kind == "map":
        return _metadata(value, param)
    if kind == "list":
        return list(_hash(value, param).values())
    if kind == "time" and isinstance(value, dict):
        return _check_table("gt:int gte:int lt:int lte:int", value, param)
    if not isinstance(value, str):
        raise ApiError(f"Invalid string: {value}", param=param)
    if not value:
        raise ApiError(
            f"You passed an empty string for '{param}'. You should remove '{param}' from your "
            "request or supply a non-empty value.",
            param=param,
            code="parameter_invalid_empty",
        )
    return _scalar(kind, value, param)


def _scalar(kind: str, value: str, param: str) -> Any:
    if kind in ("int", "time"):
        if not re.fullmatch(r"-?\d+", value):
            raise ApiError(
                f"Invalid integer: {value}", param=param, code="parameter_invalid_integer"
            )
        return int(value)
    if kind == "bool":
        if value not in ("true", "false"):
            raise ApiError(f"Invalid boolean: {value}", param=param)
        return value == "true"
    if "|" in kind and value not in kind.split("|"):
        raise ApiError(f"Invalid {param}: must be one of {kind.replace('|', ', ')}", param=param)
    if len(value) > (200 if param == "client_reference_id" else 5000):
        raise ApiError(f"Invalid string: {value[:10]}…; too long", param=param)
    return value


def _nested(kind: str, value: Any, param: str) -> Any:
    table = NESTED[kind[1:-1]]
    if kind[0] == "{":
        return _check_table(table, _hash(value, param), param)
    entries = _hash(value, param).items()
    return [_check_table(table, _hash(v, f"{param}[{k}]"), f"{param}[{k}]") for k, v in entries]


def _hash(value: Any, param: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ApiError("Invalid object", param=param)
    return value


def _metadata(value: Any, param: str) -> dict[str, str]:
    if value == "":
        return {}
    for key, text in _hash(value, param).items():
        if not isinstance(text, str) or len(key) > 40 or len(text) > 500:
            raise ApiError("Metadata: 40 characters a key, 500 a value", param=f"{param}[{key}]")
    if len(value) > 50:
        raise ApiError("Metadata: 50 keys at most", param=param)
    return dict(value)
