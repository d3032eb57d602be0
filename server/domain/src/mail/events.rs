//! What happens to the mails about an order.

use types::{MailId, OrderId};

use crate::event::declare;

declare! {
    /// A member of staff has a mail written and sent once more.
    MailResendRequested ("mail.resend_requested" on "mails", ordered by order_id) {
        order_id: OrderId,
        /// The mail that is written again.
        mail_id: MailId,
        /// Who asks.
        by: String,
    }

    /// A mail server has refused a mail for good. To whom it was stands beside the log.
    MailBounced ("mail.bounced" on "mails", ordered by mail_id) {
        mail_id: MailId,
    }
}
