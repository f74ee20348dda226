import type { Capability } from './capability.js'
import type { MissingCapability } from './probe.js'
import type { RuntimeReport } from './runtime-report.js'

/** Returns a missing capability with the reason and remedy that the report has for it. */
export function toMissingCapability(
  { id, title }: Pick<Capability<object>, 'id' | 'title'>,
  report: RuntimeReport | undefined,
): MissingCapability {
  if (report?.available === false) {
    return { id, title, reason: `runtime "${report.runtime}" is not available`, remedy: report.attempts.at(-1)?.remedy }
  }
  const absent = report?.absent.find((entry) => entry.id === id)
  return { id, title, reason: absent?.reason ?? 'the runtime plugin does not provide it', remedy: absent?.remedy }
}
