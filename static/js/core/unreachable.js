// That nobody answers: no network, no server, or an answer that did not come from ours.

export class Unreachable extends Error {}

/** Return what `call` resolves to; what the browser throws when a call cannot be made or read becomes Unreachable. */
export async function reach(call) {
  try {
    return await call();
  } catch (cause) {
    throw new Unreachable(cause.message, {cause});
  }
}
