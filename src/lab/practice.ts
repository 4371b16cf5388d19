// What the program needs of the lab, in one place: it is loaded only when the lab is started.
export { autodiscoverKinds, parseAutodiscover } from "./autodiscover-rule.ts";
export { faultKinds, parseFault } from "./faults.ts";
export { labPermissions, labToken } from "./graph/practice-token.ts";
export { habitWords } from "./habits.ts";
export { operationNames, startLab } from "./lab.ts";
export { practiceApplication, practiceFederation, practiceTenant } from "./practice-tenant.ts";
export { startProxy } from "./proxy.ts";
export { socAddress } from "./seed.ts";
export { labPassword } from "./store.ts";
