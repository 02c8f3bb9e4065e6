// What the dialogs of OTA push and OTA rollout have in common. The same limits as at run time, for what is typed in; the
// rest is known only when a message comes.

const anyText = ['msg', 'str', 'env', 'flow', 'global', 'jsonata'];
const typesOf = {
    target: anyText,
    file: ['msg', 'flow', 'global', 'jsonata'],
    filename: anyText,
    reboot: ['bool', 'msg', 'env', 'flow', 'global', 'jsonata'],
    timeout: ['num', 'msg', 'env'],
};

function isHostname(text) {
    return /^(?!\$)[!-~]{1,64}$/.test(text) && !/[+#/\\|]/.test(text);
}

function isFilename(text) {
    const parts = text.split('/');
    return /^[ -~]{1,200}$/.test(text) && !/[|\\]/.test(text) && text !== 'tmp'
        && !parts.some(function (part) { return part === '' || part === '.' || part === '..'; });
}

function isTimeout(text) {
    return text.trim() !== '' && Number(text) > 0 && Number(text) <= 86400;
}

// A subscription may hold wildcards, but not empty of anything.
function isSubscription(text) {
    return text.split('/').every(function (level, index, levels) {
        return level === '+' || (level === '#' && index === levels.length - 1) || !/[+#\0]/.test(level);
    });
}

function isRetries(text) {
    return text.trim() !== '' && Number.isInteger(Number(text)) && Number(text) >= 0 && Number(text) <= 100;
}

function isRetryDelay(text) {
    return text.trim() !== '' && Number(text) >= 0 && Number(text) <= 86400;
}

const isFixed = {
    target: { str: isHostname },
    filename: { str: isFilename },
    timeout: { num: isTimeout },
};

function isVariable(value) {
    return /^\$\{[^}]+\}$/.test(value);
}

function problemOf(node, property, error) {
    return node._('shared.label.' + property) + ': ' + node._('shared.errors.' + (error || property));
}

function validateOnlineTopic(value, options) {
    const verify = this === edited && document.getElementById('node-input-verify');
    const text = String(value || '');
    const isNeeded = ((verify && verify.value) || this.verify) === 'online';
    if (isSubscription(text) && (text !== '' || !isNeeded)) return true;
    return options ? problemOf(this, 'onlineTopic') : false;
}

// A number that is always typed in here; nodes of an older version have none, and do as new ones.
function numberValidator(property, check) {
    return function (value, options) {
        if (value === undefined || check(String(value)) || isVariable(value)) return true;
        return options ? problemOf(this, property) : false;
    };
}

// The node in the open dialog: only its types are read from there; others may be checked meanwhile.
let edited;

function typeOf(node, property) {
    const input = node === edited && document.getElementById('node-input-' + property + 'Type');
    return (input && input.value) || node[property + 'Type'];
}

// What is wrong with a value typed in here, '' where nothing is; undefined where a message brings the value.
function fixedProblem(node, property, text) {
    const check = isFixed[property] && isFixed[property][typeOf(node, property)];
    if (!check) return undefined;
    return check(text) || isVariable(text) ? '' : problemOf(node, property);
}

function validator(property) {
    return function (value, options) {
        const problem = fixedProblem(this, property, String(value));
        if (problem) return options ? problem : false;
        if (problem === '') return true;
        const label = this._('shared.label.' + property);
        return RED.utils.validateTypedProperty(String(value), typeOf(this, property), options && { label: label });
    };
}

const fileDefaults = {
    file: { value: 'payload', validate: validator('file') },
    fileType: { value: 'msg' },
    filename: { value: 'filename', validate: validator('filename') },
    filenameType: { value: 'msg' },
};

const moreDefaults = {
    reboot: { value: 'true', validate: validator('reboot') },
    rebootType: { value: 'bool' },
    timeout: { value: '30', validate: validator('timeout') },
    timeoutType: { value: 'num' },
    skipUnchanged: { value: false },
    retries: { value: '0', validate: numberValidator('retries', isRetries) },
    retryDelay: { value: '5', validate: numberValidator('retryDelay', isRetryDelay) },
    verify: { value: 'auto' },
    verifyTimeout: { value: '180', validate: numberValidator('verifyTimeout', isTimeout) },
    onlineTopic: { value: '', validate: validateOnlineTopic },
    onlinePayload: { value: '' },
    format: { value: 'server' },
    progress: { value: false },
    outputs: { value: 2 },
};

// Whether nothing that is folded away under "More" was changed.
function isAsDropped(node, more) {
    return Object.keys(more).every(function (property) {
        const value = node[property];
        return value === undefined || String(value) === String(more[property].value);
    });
}

// Shows a row only while another field makes it count.
function showWhile(rows, field, isShown) {
    const show = function () { $(rows).toggle(isShown($('#node-input-' + field).val())); };
    $('#node-input-' + field).on('change keyup', show);
    show();
}

// Fills and wires the rows that are shared; `properties` are the typed inputs of this dialog.
function prepareForm(node, properties, more) {
    edited = node;
    properties.forEach(function (property) {
        $('#node-input-' + property).typedInput({
            types: typesOf[property],
            typeField: $('#node-input-' + property + 'Type'),
        });
    });
    // The editor hangs the reason on the input that a typed input hides: here it is where the pointer finds it.
    properties.filter(function (property) { return isFixed[property]; }).forEach(function (property) {
        const field = $('#node-input-' + property);
        const showReason = function () {
            const reason = fixedProblem(node, property, field.val()) || '';
            field.next('.red-ui-typedInput-container').attr('title', reason);
        };
        field.on('change keyup paste', showReason);
        showReason();
    });
    // Nodes that were saved by an older version have not all of these.
    Object.keys(more).forEach(function (property) {
        if (!node[property] && more[property].value) $('#node-input-' + property).val(String(more[property].value));
    });
    const setOutputs = function () {
        $('#node-input-outputs').val($('#node-input-progress').prop('checked') ? 3 : 2);
    };
    $('#node-input-progress').on('change', setOutputs);
    setOutputs();
    showWhile('.ota-retried', 'retries', function (retries) { return retries !== '0'; });
    showWhile('.ota-online', 'verify', function (verify) { return verify === 'online'; });
    showWhile('.ota-verified', 'verify', function (verify) { return verify !== 'delivered'; });
}
