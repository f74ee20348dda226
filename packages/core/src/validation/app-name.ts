import type { SweepOptions } from '../ownership/sweep-report.js'
import { checkBoolean, checkText } from './check.js'

/** The name of an application, as a label of every runtime can hold it. */
export function validateAppName(app: unknown, field = 'app'): void {
  checkText(
    field,
    app,
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'at most 63 letters, digits, ".", "_" or "-", beginning with a letter or digit',
  )
}

/** What a sweep takes; without it a misspelt name would be a sweep of nothing, or of everything. */
export function validateSweepOptions({ app, dryRun }: SweepOptions): void {
  if (app !== undefined && app !== null) validateAppName(app)
  checkBoolean('dryRun', dryRun)
}
