import type { SweepOptions } from '../contract/sweep-report.js'
import { checkBoolean, checkText } from './check.js'

/** Checks the name of an application, which must be a valid label value on every runtime. */
export function validateAppName(app: unknown, field = 'app'): void {
  checkText(
    field,
    app,
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'at most 63 letters, digits, ".", "_" or "-", beginning with a letter or digit',
  )
}

/** Checks the options of a sweep. */
export function validateSweepOptions({ app, dryRun }: SweepOptions): void {
  if (app !== undefined && app !== null) validateAppName(app)
  checkBoolean('dryRun', dryRun)
}
