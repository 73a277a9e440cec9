import { describe, expect, it } from 'vitest';
import { acceptEvent } from '../../src/core/accept.ts';
import { eventMeta, typesFor } from '../../src/core/catalog.ts';
import type { OutboundEventsError } from '../../src/core/errors.ts';
import type { StoredEvent } from '../../src/core/event.ts';
import { supportSessionEvents } from '../../src/core/support-session.ts';
import { mailTemplate } from '../../src/email/mail-template.ts';
import { refusal } from './refusal.ts';

const session = ['lsid', 'external_key', 'conference_name', 'conference_id'];
const person = ['name', 'username', 'user_id', 'display_name'];

/** Type, label, whether it can be mailed, variables. */
const types: readonly (readonly [string, string, boolean, readonly string[]])[] = [
  ['support_conference_begin', 'Support session start', false, session],
  ['support_conference_end', 'Support session end', true, session],
  ['support_conference_owner_changed', 'Support session ownership changes', false, [...session, ...person]],
  ['support_conference_member_added', 'Someone joins a support session', false, [...session, 'type', ...person]],
  ['support_conference_member_departed', 'Someone leaves a support session', false, [...session, 'type', ...person]],
  [
    'support_conference_customer_exit_survey_completed',
    'Customer exit survey is completed',
    true,
    [...session, ...person],
  ],
  [
    'support_conference_rep_exit_survey_completed',
    'Representative exit survey is completed',
    true,
    [...session, ...person],
  ],
];

const lsid = '0123456789abcdef0123456789abcdef';

function accept(type: string, data: unknown): StoredEvent {
  const context = { catalog: supportSessionEvents, now: 0, acceptedAt: 0, maxEventBytes: 1_000_000 };
  return acceptEvent(type, data, {}, context) as StoredEvent;
}

function refused(type: string, data: unknown): OutboundEventsError {
  const error = refusal(() => accept(type, data));
  expect(error.code).toBe('ERR_EVENT_INVALID');
  return error;
}

describe('the catalog of a support appliance', () => {
  it('has exactly seven types', () => {
    expect(Object.keys(supportSessionEvents)).toEqual(types.map(([type]) => type));
  });

  it('sends all of them to HTTP recipients and three to email recipients', () => {
    expect(typesFor(supportSessionEvents, 'http')).toEqual(types.map(([type]) => type));
    expect(typesFor(supportSessionEvents, 'email')).toEqual([
      'support_conference_end',
      'support_conference_customer_exit_survey_completed',
      'support_conference_rep_exit_survey_completed',
    ]);
  });

  describe.each(types)('%s', (type, label, isMailed, variables) => {
    const meta = eventMeta(supportSessionEvents, type);
    const all = Object.fromEntries(variables.map((name) => [name, name === 'type' ? 'customer' : `the ${name}`]));

    it(`is called "${label}", with a sentence about it`, () => {
      expect(meta.label).toBe(label);
      expect(meta.description).toMatch(/^A .*support session.*\.$/);
      expect(meta.version).toBe('1');
      expect(meta.channels).toEqual(isMailed ? ['http', 'email'] : ['http']);
    });

    it('knows its variables, each with a meaning', () => {
      expect(Object.keys(meta.variables ?? {})).toEqual(variables);
      for (const meaning of Object.values(meta.variables ?? {})) expect(meaning).toMatch(/\w/);
    });

    it('takes all of them, and the session id alone', () => {
      expect(accept(type, all).data).toBe(JSON.stringify(all));
      expect(accept(type, { lsid }).data).toBe(JSON.stringify({ lsid }));
    });

    it('needs a session id', () => {
      for (const data of [{}, { lsid: undefined }, { lsid: 5 }, { external_key: 'x' }]) {
        expect(refused(type, data)).toMatchObject({ field: 'data.lsid' });
      }
      expect(refused(type, { lsid: '' }).message).toBe(`data of ${type} is not valid: data.lsid must not be empty`);
    });

    it('takes only text, and no other variable', () => {
      for (const name of variables) {
        for (const value of [5, null, true, {}, []]) {
          const error = refused(type, { lsid, [name]: value });
          expect(error).toMatchObject({ field: `data.${name}` });
          expect(error.message).toBe(`data of ${type} is not valid: data.${name} must be text`);
        }
      }
      const { field, message } = refused(type, { lsid, ticket: '7' });
      expect(field).toBe('data.ticket');
      expect(message).toContain(`is not a variable of this event; those are ${variables.join(', ')}`);
      expect(refused(type, JSON.parse(`{"lsid":"${lsid}","__proto__":"x","toString":"y"}`)).field).toBe(
        'data.__proto__',
      );
    });

    it('takes an external key of 1,024 characters, may be empty, and no longer one', () => {
      for (const external_key of ['', '{"json":"text"}', 'x'.repeat(1024)]) {
        expect(JSON.parse(accept(type, { lsid, external_key }).data)).toEqual({ lsid, external_key });
      }
      const { field, message } = refused(type, { lsid, external_key: 'x'.repeat(1025) });
      expect(field).toBe('data.external_key');
      expect(message).toContain('must be at most 1024 characters');
    });
  });

  it.each(types.filter(([, , isMailed]) => isMailed))(
    '%s has a default mail that its own variables can fill',
    (type, _label, _isMailed, variables) => {
      const mail = mailTemplate(eventMeta(supportSessionEvents, type), variables, {});
      const full = mail(Object.fromEntries(variables.map((name) => [name, `the ${name}`])));
      expect(full.subject).toContain('the lsid');
      expect(full.text).toContain('External key: the external_key\n');
      const bare = mail({ lsid });
      expect(bare.subject).toContain(lsid);
      expect(bare.text).toMatch(new RegExp(`^[^\\n]*${lsid}[^\\n]*\\.\\n$`));
    },
  );

  it.each(['support_conference_member_added', 'support_conference_member_departed'])(
    '%s says whether a customer or a representative it is',
    (type) => {
      for (const member of ['customer', 'representative']) {
        expect(JSON.parse(accept(type, { lsid, type: member }).data)).toEqual({ lsid, type: member });
      }
      const { field, message } = refused(type, { lsid, type: 'supervisor' });
      expect(field).toBe('data.type');
      expect(message).toContain('data.type must be customer or representative');
    },
  );

  it('names each survey in its mail', () => {
    const subjects = typesFor(supportSessionEvents, 'email').map(
      (type) => eventMeta(supportSessionEvents, type).mail.subject,
    );
    expect(subjects).toEqual([
      'Support session {{lsid}} ended',
      'Customer exit survey completed for session {{lsid}}',
      'Representative exit survey completed for session {{lsid}}',
    ]);
  });

  it.each([undefined, null, 'lsid', 5, () => lsid])('refuses %o, which is no object', (data) => {
    expect(refused('support_conference_begin', data).message).toBe(
      'data of support_conference_begin is not valid: data must be an object',
    );
  });

  it.each([[lsid], new Map([['lsid', lsid]]), new Date(0)])('refuses %o, which has no session id', (data) => {
    expect(refused('support_conference_begin', data).message).toContain('data.lsid must be text');
  });

  it('tells of everything that is wrong at once', () => {
    const { message } = refused('support_conference_end', { lsid: '', external_key: 5, other: 1 });
    expect(message).toBe(
      'data of support_conference_end is not valid: data.lsid must not be empty; data.external_key must be text; ' +
        `data.other is not a variable of this event; those are ${session.join(', ')}`,
    );
  });
});
