#include "engine/ingest/kafka/partition_book.h"

#include "gtest/gtest.h"

namespace culprit {
namespace {

TEST(KafkaPartitionBook, ReadsOnBehindWhatIsStillInFlight) {
  const KafkaPartition orders{"orders", 0};
  KafkaPartitionBook book;
  EXPECT_EQ(book.NextToRead(orders), KafkaPartitionBook::kNoOffset);
  book.Remember(orders, 100);
  book.Assign(orders);
  book.Pushed(orders, 100);
  book.Taken(orders, 150);
  // Given up and back before the commit: 100 to 149 are not to be read twice.
  book.Unassign(orders);
  book.Assign(orders);
  EXPECT_EQ(book.Committed(orders), 100);
  EXPECT_EQ(book.NextToRead(orders), 150);
  book.Done(orders, 150, /*committed=*/true);
  EXPECT_EQ(book.NextToRead(orders), 150);
  // Nothing is in flight: what was not committed is read again.
  book.Pushed(orders, 150);
  book.Taken(orders, 170);
  book.Done(orders, 170, /*committed=*/false);
  EXPECT_EQ(book.NextToRead(orders), 150);
}

}  // namespace
}  // namespace culprit
