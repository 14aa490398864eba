/** What the user agrees to, and what that covers. */

import { ENGLISH } from "./english.js";
import { KOREAN } from "./korean.js";

/** Of the wording; consent_wording.json has the digest of each that there was. */
export const CONSENT_VERSION = 2;

/** The wording in every language; its SHA-256 tells it from all others. */
export function consentWording() {
  const texts = [ENGLISH, KOREAN].map(({ consentTitle, consentText }) => [consentTitle, consentText]);
  return JSON.stringify(texts);
}

/**
 * Says whether an importer takes a record: it has a consent that is older than it, and it is older
 * than the export, for clocks may be set back.
 *
 * @param {{kept?: string, consent?: {given: string}}} record
 * @param {Date} created When it is exported.
 */
export function isCovered({ kept, consent }, created) {
  if (kept === undefined || consent === undefined) return false;
  // All are of toISOString(), whose texts sort as the times do.
  return consent.given <= kept && kept <= created.toISOString();
}
